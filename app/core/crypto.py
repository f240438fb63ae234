"""Secrets: sealing at rest, short signatures, token hashes, passwords.

MASTER_KEY seals, SECRET_KEY signs. Each may hold several keys separated by commas: the first one serves for new work, all of them
open and verify what older ones made, so that a key is rotated by writing the new one in front (PRODUCT.md, Secrets).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import string
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.extensions import settings

Result = TypeVar("Result")

_SEALED_VERSION = "s1"
_NONCE_BYTES = 12
_SIGNATURE_BYTES = 15  # 120 bits, 24 characters of base32
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
# OWASP's second setting for Argon2id: 19 MiB, two passes. More memory would let a burst of logins exhaust a small host.
_passwords = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class UnsealError(Exception):
    """The text was not sealed for this purpose by a key we hold, or was changed since."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Master keys (sealing) and signing keys, newest first. Never printed."""

    master: tuple[str, ...] = field(repr=False)
    signing: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not all(self.master) or not all(self.signing) or not self.master or not self.signing:
            raise ValueError("a keyring needs at least one master key and one signing key, none of them empty")

    @classmethod
    def read(cls, master_key: str, secret_key: str) -> Keyring:
        """Read two settings, each a comma-separated list. Raises ValueError when one holds no key."""
        return cls(_listed(master_key), _listed(secret_key))

    def seal(self, data: bytes, *, purpose: str) -> str:
        """Encrypt (AES-256-GCM, one key per purpose derived by HKDF) into text safe for a column or a URL."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(_derived(self.master[0], f"seal:{purpose}")).encrypt(nonce, data, None)
        return f"{_SEALED_VERSION}.{_encoded(nonce + sealed)}"

    def unseal(self, sealed: str, *, purpose: str) -> bytes:
        """Give back what `seal` took for the same purpose, under any key of the ring. Raises UnsealError."""
        version, _, text = sealed.partition(".")
        try:
            raw = _decoded(text)
        except (binascii.Error, UnicodeEncodeError):
            raise UnsealError("not a sealed text") from None
        if version != _SEALED_VERSION or len(raw) < _NONCE_BYTES + 16:
            raise UnsealError("not a sealed text")
        for key in self.master:
            try:
                return AESGCM(_derived(key, f"seal:{purpose}")).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None)
            except InvalidTag:
                continue
        raise UnsealError("wrong key, wrong purpose or altered text")

    def sign(self, text: str, purpose: str) -> str:
        """A URL-safe signature of 24 characters, the same for the same text and purpose."""
        return _signature(self.signing[0], text, purpose)

    def verify_signature(self, text: str, purpose: str, signature: str) -> bool:
        """True when a key of the ring made this signature; in constant time."""
        given = signature.encode("utf-8", "replace")
        matches = [hmac.compare_digest(_signature(key, text, purpose).encode("ascii"), given) for key in self.signing]
        return any(matches)


def seal(data: bytes, *, purpose: str) -> str:
    """`Keyring.seal` with the application's keys."""
    return keyring().seal(data, purpose=purpose)


def unseal(sealed: str, *, purpose: str) -> bytes:
    """`Keyring.unseal` with the application's keys. Raises UnsealError."""
    return keyring().unseal(sealed, purpose=purpose)


def sign(text: str, purpose: str) -> str:
    """`Keyring.sign` with the application's keys."""
    return keyring().sign(text, purpose)


def verify_signature(text: str, purpose: str, signature: str) -> bool:
    """`Keyring.verify_signature` with the application's keys."""
    return keyring().verify_signature(text, purpose, signature)


def keyring() -> Keyring:
    """The keys of the running application, read at each call."""
    current = settings()
    return Keyring.read(current.master_key, current.secret_key)


def token_hash(token: str) -> str:
    """SHA-256 in hexadecimal: how keys and tokens of full entropy are stored (TRAPS.md: argon2 is for passwords only)."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_secret(prefix: str, nbytes: int = 32) -> str:
    """A new secret: the prefix as given, then base62 characters worth at least `nbytes` random bytes (no `-` that ends a link early)."""
    length = -(-nbytes * 8 * 1000 // 5954)  # log2(62) = 5.954
    return prefix + "".join(secrets.choice(_BASE62) for _ in range(length))


def hash_password(password: str) -> str:
    """Hash a password with Argon2id, off the event loop; about 20 ms."""
    return _off_the_hub(lambda: _passwords.hash(password))


def verify_password(stored: str | None, password: str) -> bool:
    """True when the password is the one that was hashed.

    Without a stored hash (unknown account, no password yet) the same work is done and the answer is False: the time taken
    tells nobody whether an account exists.
    """

    def check() -> bool:
        try:
            return _passwords.verify(stored or _decoy(), password)
        except (VerificationError, InvalidHashError):
            return False

    return _off_the_hub(check)


def password_needs_rehash(stored: str) -> bool:
    """True when the hash was made with other parameters than today's: hash again at the next successful login."""
    return _passwords.check_needs_rehash(stored)


def _off_the_hub(work: Callable[[], Result]) -> Result:
    """Run in a real thread under gevent, where argon2 would stop every other greenlet (TRAPS.md); directly elsewhere."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("socket"):
        return work()
    import gevent

    return gevent.get_hub().threadpool.apply(work)


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _passwords.hash(secrets.token_hex(16))


@lru_cache(maxsize=64)
@lru_cache(maxsize=64)
def _derived(key: str, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"ai-manager:{info}".encode()).derive(key.encode())


def _signature(key: str, text: str, purpose: str) -> str:
    digest = hmac.new(_derived(key, f"sign:{purpose}"), text.encode(), hashlib.sha256).digest()
    # Letters and digits only: messengers cut a link before a final dash.
    return base64.b32encode(digest[:_SIGNATURE_BYTES]).decode("ascii").lower()


def _listed(setting: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in setting.split(",") if part.strip())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
