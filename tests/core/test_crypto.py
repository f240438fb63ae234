"""Sealing, signing, hashing: what opens, and above all what does not."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from app.core import crypto
from app.core.crypto import Keyring, UnsealError

RING = Keyring.read("master-one", "signing-one")
ROTATED = Keyring.read("master-two, master-one", "signing-two,signing-one")
OTHER = Keyring.read("other", "other")


def test_what_is_sealed_is_opened_again_and_never_looks_the_same() -> None:
    secret = "sk-clé-très-secrète".encode()
    sealed = RING.seal(secret, purpose="provider-key")
    assert RING.unseal(sealed, purpose="provider-key") == secret
    assert sealed != RING.seal(secret, purpose="provider-key")
    assert re.fullmatch(r"[A-Za-z0-9._-]+", sealed) and "sk-" not in sealed
    assert RING.unseal(RING.seal(b"", purpose="x"), purpose="x") == b""


def test_a_seal_is_bound_to_its_purpose_its_key_and_its_bytes() -> None:
    sealed = RING.seal(b"secret", purpose="webhook")
    with pytest.raises(UnsealError):
        RING.unseal(sealed, purpose="provider-key")
    with pytest.raises(UnsealError):
        OTHER.unseal(sealed, purpose="webhook")
    for position in range(3, len(sealed), 7):
        altered = sealed[:position] + ("A" if sealed[position] != "A" else "B") + sealed[position + 1 :]
        with pytest.raises(UnsealError):
            RING.unseal(altered, purpose="webhook")


@pytest.mark.parametrize("text", ["", "s1", "s1.", "s1.AAAA", "s2.AAAA", "secret", "s1.é", "s1.a", "s1.!!!!" * 20, "s1." + "A" * 40])
def test_what_was_never_sealed_is_refused(text: str) -> None:
    with pytest.raises(UnsealError):
        RING.unseal(text, purpose="webhook")


def test_a_new_key_in_front_opens_the_old_and_seals_the_new() -> None:
    old = RING.seal(b"secret", purpose="webhook")
    assert ROTATED.unseal(old, purpose="webhook") == b"secret"
    with pytest.raises(UnsealError):
        RING.unseal(ROTATED.seal(b"secret", purpose="webhook"), purpose="webhook")
    signature = RING.sign("lnk_1", "session-link")
    assert ROTATED.verify_signature("lnk_1", "session-link", signature)
    assert not RING.verify_signature("lnk_1", "session-link", ROTATED.sign("lnk_1", "session-link"))


def test_a_signature_is_short_stable_and_bound_to_text_and_purpose() -> None:
    signature = RING.sign("lnk_é", "session-link")
    assert re.fullmatch(r"[A-Za-z0-9_-]{24}", signature) and signature == RING.sign("lnk_é", "session-link")
    assert RING.verify_signature("lnk_é", "session-link", signature)
    for text, purpose, given in (
        ("lnk_e", "session-link", signature),
        ("lnk_é", "file-url", signature),
        ("lnk_é", "session-link", signature[:-1]),
        ("lnk_é", "session-link", signature + "="),
        ("lnk_é", "session-link", ""),
        ("lnk_é", "session-link", "é\udcff"),
    ):
        assert not RING.verify_signature(text, purpose, given)
    assert not OTHER.verify_signature("lnk_é", "session-link", signature)


def test_sealing_and_signing_keys_are_apart() -> None:
    same = Keyring.read("one", "one")
    assert same.sign("a", "p") not in same.seal(b"a", purpose="p")
    assert not Keyring.read("two", "one").verify_signature("a", "p", Keyring.read("one", "two").sign("a", "p"))


@pytest.mark.parametrize(("master", "secret"), [("", "a"), ("a", ""), (" , ", "a"), ("a", ",")])
def test_an_empty_ring_is_refused(master: str, secret: str) -> None:
    with pytest.raises(ValueError):
        Keyring.read(master, secret)


def test_keys_are_not_printed() -> None:
    assert "master-one" not in repr(RING) and "signing-one" not in repr(RING)


def test_token_hash_is_sha_256() -> None:
    assert crypto.token_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(crypto.token_hash("clé")) == 64


def test_new_secrets_are_long_distinct_and_easy_to_copy() -> None:
    made = {crypto.new_secret("aim_") for _ in range(200)}
    assert len(made) == 200
    for secret in made:
        assert re.fullmatch(r"aim_[0-9A-Za-z]{43,}", secret)
    assert 62 ** len(crypto.new_secret("", 16)) >= 2**128


def test_passwords() -> None:
    stored = crypto.hash_password("Été 2026 !")
    assert stored.startswith("$argon2id$") and stored != crypto.hash_password("Été 2026 !")
    assert crypto.verify_password(stored, "Été 2026 !")
    assert not crypto.verify_password(stored, "été 2026 !")
    assert not crypto.verify_password(None, "Été 2026 !")
    assert not crypto.verify_password("", "")
    assert not crypto.verify_password("not a hash", "Été 2026 !")


def test_an_old_hash_asks_to_be_made_again() -> None:
    assert not crypto.password_needs_rehash(crypto.hash_password("x"))
    assert crypto.password_needs_rehash(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))


def test_an_unknown_account_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    crypto.verify_password(None, "first")
    verified: list[str] = []
    real = PasswordHasher.verify

    def spy(self: PasswordHasher, stored: str, password: str) -> bool:
        verified.append(stored)
        return real(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", spy)
    assert not crypto.verify_password(None, "second")
    assert len(verified) == 1 and verified[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_without_gevent_the_work_stays_in_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    monkeypatch.setattr(PasswordHasher, "hash", lambda self, password: threads.append(threading.current_thread()) or "hash")
    assert crypto.hash_password("x") == "hash"
    assert threads == [threading.current_thread()]


GEVENT = """
import gevent.monkey
gevent.monkey.patch_all()
import time
import gevent
from app.core import crypto
stored = crypto.hash_password("x")
longest = 0.0
def tick():
    global longest
    last = time.monotonic()
    while True:
        gevent.sleep(0.001)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
ticking = gevent.spawn(tick)
slow = crypto.PasswordHasher(time_cost=40, memory_cost=19_456, parallelism=1)
crypto._passwords = slow
gevent.sleep(0.01)
started = time.monotonic()
hashed = crypto.hash_password("y")
taken = time.monotonic() - started
gevent.sleep(0.01)
ticking.kill()
assert crypto.verify_password(hashed, "y") and not crypto.verify_password(hashed, "z")
assert longest < taken / 2, (longest, taken)
print("done")
"""


def test_under_gevent_hashing_does_not_stop_the_others() -> None:
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-W", "error", "-c", GEVENT], capture_output=True, text=True, timeout=60, check=False, cwd=root)
    assert run.stdout == "done\n", run.stderr
    assert run.stderr == ""
