"""A planted key is nowhere: no page, no API, no log, no exception, no column, no journal (issue 4, Keys)."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from structlog.testing import capture_logs

from app.agents.models import AgentGrant
from app.core.transaction import transaction
from app.extensions import db, redis_client
from app.llm import checking
from app.llm.breaker import breaker
from app.llm.errors import ProviderError
from app.llm.gateway import stream_completion
from app.llm.models import Credential
from app.llm.providers.clients import clients
from app.llm.resolving import account_default, forget, platform_default
from app.web.house import House
from tests.factories import actor_for, committing, make_agent, make_key, make_user
from tests.factories.conversations import make_tenant, open_chat
from tests.factories.talking import talk
from tests.guards.test_pages import simple_paths
from tests.support.model_server import ModelServer, Reply, model_server
from tests.support.portal import Person, sign_in
from tests.support.stack import free_port

PLANTED = "PLANTEE0123456789abcdef"
KEYS = {role: f"sk-{role}-{PLANTED}" for role in ("admin", "editeur", "artisan")}
GARBAGE = Reply(raw=f"data: {{not json {PLANTED}\n\n".encode())


@pytest.fixture
def servers() -> Iterator[dict[str, ModelServer]]:
    """One that lets everybody in, and one that refuses every key and repeats it in its answer."""
    forget()
    with model_server() as kind, model_server(("bearer", "", "une-autre")) as strict:
        kind.script("garbage", GARBAGE)
        kind.script("echo", Reply(text="Voici un objet qui n’en est pas un"))
        yield {"kind": kind, "strict": strict}
    clients.close()
    breaker.reset()
    forget()


def by_page(person: Person, portal: str, servers: dict[str, ModelServer]) -> list[str]:
    """Every way to give a key and to test it on the pages; what the pages said."""
    url, key = f"/{portal}/intelligence-artificielle", KEYS[portal]
    said = []
    for address in (servers["strict"].base_url, f"http://127.0.0.1:{free_port()}/v1", "pas une adresse", "https://x.fr/v1?key=1"):
        said.append(person.post(f"{url}/demarrage/compatible", {"base_url": address, "api_key": key, "model_key": "ok"}).text)
        said.append(person.post(f"{url}/cles/compatible", {"base_url": address, "api_key": key}).text)
    said.append(person.post(f"{url}/demarrage/compatible", {"base_url": servers["kind"].base_url, "api_key": key, "model_key": ""}).text)
    said.append(person.post(f"{url}/cles/openai", {"base_url": servers["strict"].base_url, "api_key": key + " é"}).text)
    for model in ("garbage", "fault-401", "fault-429", "fault-cut", "inconnu", "ok"):
        said.append(
            person.post(f"{url}/demarrage/compatible", {"base_url": servers["kind"].base_url, "api_key": key, "model_key": model}).text
        )
        said.append(person.post(f"{url}/essai", headers={"HX-Request": "true"}).text)
        said.append(person.get(url).text)
    said.append(person.post(f"{url}/cles/compatible/essai", headers={"HX-Request": "true"}).text)
    return said


def by_api(client: FlaskClient, headers: dict[str, str], role: str, servers: dict[str, ModelServer]) -> list[str]:
    """The same through the API, and `/api/assist` with what it refuses."""

    def call(method: str, path: str, body: object = None) -> str:
        return client.open(f"/api{path}", method=method, json=body, headers=headers).text

    said = []
    for address in (servers["strict"].base_url, "nulle part", servers["kind"].base_url):
        said.append(call("PUT", "/ai/keys/mistral", {"api_key": KEYS[role], "base_url": address}))
        said.append(call("POST", "/ai/keys/mistral/test"))
    said.append(call("PUT", "/ai/keys/mistral", {"api_key": [KEYS[role]]}))
    said.append(call("PUT", "/ai/keys/mistral", {KEYS[role]: "x"}).replace(KEYS[role], ""))  # a field's name is the caller's own word
    said.append(call("POST", "/ai/models", {"provider": "mistral", "key": "echo"}))
    for model in ("echo", "mistral-small-latest"):
        said.append(call("PUT", "/ai/active-model", {"provider": "mistral", "model": model}))
        said.append(call("POST", "/ai/active-model/test"))
        for wanted in ("json", "text"):
            said.append(call("POST", "/assist", {"messages": [{"role": "user", "content": "Bonjour"}], "response_format": wanted}))
    said.append(call("POST", "/ai/models", {"provider": "mistral", "key": "ok"}))
    said.append(call("PUT", "/ai/active-model", {"provider": "mistral", "model": "ok"}))
    said += [call("GET", path) for path in ("/ai/keys", "/ai/models", "/ai/active-model", "/ai/checks", "/ai/prompts", "/ai/providers")]
    return said


def dumped() -> list[str]:
    """Every row of every table as text, and all that Redis holds."""
    with committing():
        names = db.session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        rows = [row for name in names for row in db.session.scalars(text(f'SELECT t::text FROM "{name}" t'))]
    client = redis_client()
    for name in client.scan_iter():
        kind = client.type(name)
        read = {b"string": client.get, b"hash": client.hgetall, b"list": lambda key: client.lrange(key, 0, -1), b"set": client.smembers}
        rows.append(str((name, read[kind](name) if kind in read else client.dump(name))))
    return rows


def failures(owner_id: str | None) -> list[str]:
    """What the exceptions of a failing call say, with all that hangs on them."""
    choice = account_default(owner_id) if owner_id else platform_default()
    assert choice is not None and choice.api_key
    said = [repr(choice), str(choice)]
    for model in ("fault-401", "garbage", "fault-cut", "inconnu"):
        try:
            list(stream_completion(choice.with_model(model), [{"role": "user", "content": "x"}], [], temperature=0, max_tokens=5))
        except ProviderError as error:
            said += [str(error), repr(error), str(vars(error)), "".join(traceback.format_exception(error))]
            assert error.__cause__ is None and error.__context__ is None
    return said


def test_nothing_ever_shows_a_key(
    house: House,
    client: FlaskClient,
    servers: dict[str, ModelServer],
    run_jobs: Callable[[], list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with committing():
        tenant, admin = make_tenant(), make_user("admin")
        make_agent().model = "inherit"
        db.session.add(AgentGrant(agent_id=tenant.deployment.agent_id, editor_id=tenant.editor.id, allow_own_keys=True))
        people = {"admin": admin, "editeur": tenant.editor, "artisan": tenant.artisan}
        persons = {role: sign_in(house, user, portal=role) for role, user in people.items()}
        ways = {role: make_key(user, role) for role, user in people.items()}
    headers = {role: {"X-API-Key": way} if role == "editeur" else {"Authorization": f"Bearer {way}"} for role, way in ways.items()}
    said: list[str] = []
    with ExitStack() as stack:
        events = stack.enter_context(capture_logs())
        for role, person in persons.items():
            said += by_page(person, role, servers)
            said += by_api(client, headers[role], role, servers)
            said += failures(None if role == "admin" else people[role].id)
        chat = open_chat(tenant)
        talk(client, chat, run_jobs, "Bonjour")
        with committing():
            assert db.session.scalar(text("SELECT paid_by FROM usage_logs WHERE session_id IS NOT NULL")) == tenant.editor.id
        for role, person in persons.items():
            for path in simple_paths(house, (role, "account", "notifications", *(("docs",) if role == "admin" else ()))):
                said.append(person.get(path).get_data().decode("utf-8", "replace"))
            said.append(person.get(f"/{role}/intelligence-artificielle/cles/mistral").text)
            said.append(person.get(f"/{role}/intelligence-artificielle?fournisseur=compatible").text)
        for path in ("", "/conversations", "/forfait"):
            said.append(persons["admin"].get(f"/admin/editeurs/{tenant.editor.id}{path}").text)
        for path in ("/api/editor/deployments", "/api/editor/stats", "/api/editor/usage"):
            said.append(client.get(path, headers=headers["editeur"]).text)
    sent = [asked for server in servers.values() for asked in server.asked]
    for role, key in KEYS.items():
        assert any(asked.headers.get("authorization") == f"Bearer {key}" for asked in sent), f"{role}: the key was used"
    with committing():
        assert db.session.scalar(db.select(db.func.count()).select_from(Credential)) == 6
    logged = [str(event) for event in events]
    logged += ["".join(traceback.format_exception(*event["exc_info"])) for event in events if isinstance(event.get("exc_info"), tuple)]
    logged += [record.getMessage() + str(record.__dict__) for record in caplog.records]
    assert len(said) > 150 and len(logged) > 20
    for place, texts in {"an answer": said, "a log": logged, "the store": dumped()}.items():
        assert not [one[max(0, one.find(PLANTED) - 300) : one.find(PLANTED) + 40] for one in texts if PLANTED in one], place


def test_a_test_in_a_transaction_leaves_no_key_in_its_error(house: House, servers: dict[str, ModelServer]) -> None:
    with committing():
        editor = make_user("editeur")
        person = sign_in(house, editor, portal="editeur")
        actor: Any = actor_for(editor, "editeur")
    for model in ("fault-401", "ok"):
        values = {"base_url": servers["kind"].base_url, "api_key": KEYS["editeur"], "model_key": model}
        person.post("/editeur/intelligence-artificielle/demarrage/compatible", values)
        with transaction(actor):
            tested = checking.test_active(editor.id)
            assert tested.success == (model == "ok") and PLANTED not in repr(tested)
