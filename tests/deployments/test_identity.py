"""Who the visitor is at the host site: signed, or a stranger (003 §5; docs/security.md)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.blueprints.deployment_pages.snippets import SERVER
from app.conversations.models import Session
from app.core import clock
from app.core.transaction import transaction
from app.deployments.identity import GRACE, end_old_secrets, reveal_secret, rotate_secret, secrets_of, verify_identity
from app.deployments.models import Deployment
from app.extensions import db
from app.identity.models import User
from app.web.house import House
from tests.factories import actor_for, committing, make_deployment, make_user

ORIGIN = {"Origin": "https://app.ebp.com"}


class Site:
    """A host site with its deployment and its server's secret."""

    def __init__(self) -> None:
        with committing():
            self.editor: User = make_user("editeur")
            self.deployment: Deployment = make_deployment(self.editor)
            self.actor = actor_for(self.editor, "editeur")
            self.id = self.deployment.id
        self.secret = self.rotate()

    def rotate(self) -> str:
        with transaction(self.actor):
            return rotate_secret(db.session.get_one(Deployment, self.id))

    def verify(self, identity: object) -> Any:
        with transaction(self.actor):
            return verify_identity(db.session.get_one(Deployment, self.id), identity)  # type: ignore[arg-type]


@pytest.fixture
def site(house: House) -> Site:
    return Site()


def soon(hours: float = 1) -> int:
    return int((clock.now() + timedelta(hours=hours)).timestamp())


def signed(secret: str, **said: Any) -> dict[str, Any]:
    return sealed(secret, json.dumps({"user_id": "12", "exp": soon(), **said}).encode())


def sealed(secret: str, raw: bytes) -> dict[str, Any]:
    return {
        "payload": base64.urlsafe_b64encode(raw).decode(),
        "signature": hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest(),
    }


def plain(secret: str, user_id: Any, exp: int) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "exp": exp,
        "signature": hmac.new(secret.encode(), f"{user_id}.{exp}".encode(), hashlib.sha256).hexdigest(),
    }


def test_a_signature_vouches_for_a_person_and_for_the_context(site: Site) -> None:
    known = site.verify(signed(site.secret, context={"devis": "D-1", "montant": 12.5}, name=" Mme Roy ", email="ROY@exemple.fr"))
    assert (known.user_id, known.context, known.name, known.email) == ("12", {"devis": "D-1", "montant": 12.5}, "Mme Roy", "roy@exemple.fr")
    assert site.verify(plain(site.secret, 12, soon())).user_id == "12"
    assert site.verify(plain(site.secret, "12", soon()) | {"context": {"role": "admin"}}).context == {}, "the plain form signs no context"
    unpadded = signed(site.secret)
    assert site.verify(unpadded | {"payload": unpadded["payload"].rstrip("="), "signature": unpadded["signature"].upper()})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda secret: None,
        lambda secret: {},
        lambda secret: {"user_id": "12", "exp": soon()},
        lambda secret: signed("idsec_wrong"),
        lambda secret: signed(secret) | {"signature": "é" * 64},
        lambda secret: signed(secret) | {"signature": 12},
        lambda secret: signed(secret) | {"payload": signed(secret, user_id="13")["payload"]},
        lambda secret: signed(secret, exp=soon(-1)),
        lambda secret: signed(secret, exp=soon(26)),
        lambda secret: signed(secret, exp=None),
        lambda secret: signed(secret, exp=True),
        lambda secret: signed(secret, exp=1e30),
        lambda secret: signed(secret, user_id=""),
        lambda secret: signed(secret, user_id=None),
        lambda secret: signed(secret, user_id=["12"]),
        lambda secret: signed(secret, user_id="a\x00b"),
        lambda secret: signed(secret, user_id="\ud800"),
        lambda secret: signed(secret, user_id="x" * 201),
        lambda secret: signed(secret, context={"long": "x" * 20_000}),
        lambda secret: sealed(secret, b"[1]"),
        lambda secret: sealed(secret, b'{"user_id": "12", "exp": NaN}'),
        lambda secret: sealed(secret, b"\xff\xfe"),
        lambda secret: sealed(secret, b"[" * 8_000),
        lambda secret: signed(secret) | {"payload": "pas du base64 !"},
        lambda secret: plain(secret, "12", soon(-1)),
        lambda secret: plain(secret, "12", soon()) | {"user_id": "13"},
        lambda secret: plain(secret, "12", soon()) | {"user_id": "\ud800"},
        lambda secret: plain(secret, "12", soon()) | {"exp": soon(20)},
    ],
)
def test_anything_else_is_a_stranger(site: Site, spoil: Callable[[str], Any]) -> None:
    assert site.verify(spoil(site.secret)) is None


def test_context_keeps_plain_values_only(site: Site) -> None:
    known = site.verify(
        sealed(
            site.secret,
            f'{{"user_id": "12", "exp": {soon()}, "context": {{"a": {{}}, "b": 1e999, "c": "x\\u0000y\\ud800", "d": true}}}}'.encode(),
        )
    )
    assert known.context == {"c": "xy", "d": True}
    assert site.verify(signed(site.secret, context=[1], name=3, email="pas une adresse")).context == {}


def test_a_replaced_secret_is_good_for_a_while(site: Site) -> None:
    old, new = site.secret, site.rotate()
    assert old != new and site.verify(signed(old)) and site.verify(signed(new))
    now = clock.now()
    with clock.freeze(now + GRACE + timedelta(minutes=1)):
        assert site.verify(signed(old)) is None
        assert site.verify(signed(new))
    newest = site.rotate()
    with transaction(site.actor):
        deployment = db.session.get_one(Deployment, site.id)
        assert reveal_secret(deployment) == newest
        assert (len(secrets_of(site.id)), end_old_secrets(deployment), len(secrets_of(site.id))) == (3, 2, 1)
    assert site.verify(signed(new)) is None and site.verify(signed(newest))


def test_a_secret_is_of_one_deployment_and_of_one_editor(site: Site) -> None:
    other = Site()
    assert site.verify(signed(other.secret)) is None
    with transaction(other.actor):
        assert secrets_of(site.id) == []


def init(client: FlaskClient, site: Site, identity: Any = None, **body: Any) -> dict[str, Any]:
    answer = client.post("/api/widget/v1/init", json={"deployment_key": site.id, "identity": identity, **body}, headers=ORIGIN)
    assert answer.status_code == 200, answer.json
    return answer.json["data"]


def kept(opened: dict[str, Any]) -> dict[str, str]:
    return {"session_id": opened["session_id"], "session_token": opened["session_token"]}


def row(session_id: str) -> Session:
    with committing():
        return db.session.get_one(Session, session_id)


def test_a_person_finds_his_conversation_on_another_device(client: FlaskClient, site: Site) -> None:
    first = init(
        client, site, signed(site.secret, context={"devis": "D-1"}, name="Mme Roy", email="roy@exemple.fr"), context={"devis": "D-2"}
    )
    again = init(client, site, signed(site.secret, context={"page": "factures"}))
    assert (first["verified"], first["resumed"]) == (True, False)
    assert (again["session_id"], again["resumed"], again["verified"], again["needs_code"]) == (first["session_id"], True, True, False)
    assert again["session_token"] != first["session_token"]
    session = row(first["session_id"])
    assert session.context == {"devis": "D-1", "page": "factures", "user_id": "12"}
    assert (session.untrusted_context, session.visitor_name, session.visitor_email) == ({"devis": "D-2"}, "Mme Roy", "roy@exemple.fr")
    for other, verified in ((signed(site.secret, user_id="13"), True), (signed("idsec_wrong"), False), (None, False)):
        opened = init(client, site, other)
        assert (opened["session_id"] != first["session_id"], opened["verified"]) == (True, verified)


def test_a_finished_conversation_is_not_found_again(client: FlaskClient, site: Site) -> None:
    first = init(client, site, signed(site.secret))
    with committing():
        db.session.get_one(Session, first["session_id"]).status = "completed"
    assert init(client, site, signed(site.secret))["session_id"] != first["session_id"]


def test_a_shared_browser_shows_nobody_the_conversation_of_another(client: FlaskClient, site: Site) -> None:
    first = init(client, site, signed(site.secret))
    for other in (signed(site.secret, user_id="13"), signed(site.secret, exp=soon(-1)), None):
        opened = init(client, site, other, resume=kept(first))
        assert opened["session_id"] != first["session_id"] and not opened["resumed"]
    back = init(client, site, signed(site.secret), resume=kept(first))
    assert (back["session_id"], back["session_token"], back["resumed"]) == (first["session_id"], first["session_token"], True)


def test_a_stranger_who_signs_in_keeps_his_conversation(client: FlaskClient, site: Site) -> None:
    stranger = init(client, site, context={"user_id": "12"})
    assert stranger["verified"] is False and row(stranger["session_id"]).host_user_id is None
    known = init(client, site, signed(site.secret), resume=kept(stranger))
    assert (known["session_id"], known["verified"], known["resumed"]) == (stranger["session_id"], True, True)
    assert row(known["session_id"]).host_user_id == "12"


@pytest.mark.parametrize("identity", ["x", [], {"payload": 3}, {"payload": "x" * 13_000, "signature": "x"}])
def test_a_malformed_identity_is_refused_by_its_field(client: FlaskClient, site: Site, identity: Any) -> None:
    answer = client.post("/api/widget/v1/init", json={"deployment_key": site.id, "identity": identity}, headers=ORIGIN)
    assert answer.status_code == 422


def test_the_python_snippet_signs_what_we_verify(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIMANAGER_IDENTITY_SECRET", site.secret)
    names: dict[str, Any] = {}
    exec(compile(SERVER["python"].code, "snippet.py", "exec"), names)
    known = site.verify(names["identite"]("é-12", {"devis": "D’1"}))
    assert (known.user_id, known.context) == ("é-12", {"devis": "D’1"})


SNIPPETS = [("node", "node", ".mjs", 'console.log(JSON.stringify(identite("é-12", { devis: "D’1" })));')]
if shutil.which("php"):  # not part of the set-up, unlike Node
    SNIPPETS.append(("php", "php", ".php", 'echo json_encode(identite("é-12", ["devis" => "D’1"]));'))


@pytest.mark.parametrize(("program", "language", "suffix", "call"), SNIPPETS)
def test_the_other_snippets_too(site: Site, tmp_path: Path, program: str, language: str, suffix: str, call: str) -> None:
    runner = shutil.which(program, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if runner is None:
        pytest.skip(f"{program} is not here")
    script = tmp_path / f"snippet{suffix}"
    script.write_text(f"{SERVER[language].code}\n{call}\n", encoding="utf-8")
    environment = {**os.environ, "AIMANAGER_IDENTITY_SECRET": site.secret}
    done = subprocess.run([runner, str(script)], env=environment, capture_output=True, text=True, check=True, timeout=30)
    known = site.verify(json.loads(done.stdout))
    assert (known.user_id, known.context) == ("é-12", {"devis": "D’1"})
