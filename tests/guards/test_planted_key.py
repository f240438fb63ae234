"""A provider's key is planted, used and misused; then everything that is kept, shown or said is searched for it (PRODUCT.md, Secrets)."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from flask.testing import FlaskClient
from sqlalchemy import text

from app.core.acting import platform
from app.core.transaction import transaction
from app.extensions import db, redis_client, settings
from app.llm import active, catalogue, checking, credentials
from app.llm.breaker import breaker
from app.llm.catalogue import ModelValues, ProviderValues
from app.llm.providers import openai_compatible
from app.llm.providers.clients import clients
from app.web.house import House
from tests.factories import actor_for, committing, make_user
from tests.factories.browser import sign_in
from tests.factories.conversations import Tenant, make_tenant, open_chat
from tests.guards.test_pages import simple_paths
from tests.support.model_server import Auth, ModelServer, failing, model_server

KEY = "sk-plantee/0123456789+abcdef"
WRONG = "sk-fausse/9876543210+fedcba"
SHOWN = tuple(shown for key in (KEY, WRONG) for shown in (key, quote(key, safe=""), key[3:-3]))
METHODS: dict[str, Auth] = {"bearer": ("bearer", "", KEY), "header": ("header", "api-key", KEY), "query": ("query", "key", KEY)}
ABOUT_MODELS = ("intelligence-artificielle", "fournisseurs-ia", "appels", "couts", "journal")
MODELS = ("ok", "fault-401", "fault-cut", "fault-500", "broken")


@pytest.fixture(params=sorted(METHODS))
def models(request: pytest.FixtureRequest) -> Iterator[ModelServer]:
    with model_server(METHODS[request.param]) as server:
        server.script("broken", failing(418, "teapot"))
        yield server
    clients.close()
    breaker.reset()


@pytest.fixture
def tenant(house: House, models: ModelServer) -> Tenant:
    """A provider that wants its key in that way, with the platform's key and a model active."""
    method, name, key = models.auth or ("bearer", "", KEY)
    with committing():
        made = make_tenant()
        boss = actor_for(make_user("super-admin"), "super-admin")
        db.session.flush()
    with transaction(boss):
        catalogue.save_provider(ProviderValues("neuf", "Neuf", models.base_url, method, name))
        for model in MODELS:
            catalogue.save_model("neuf", ModelValues(model))
        credentials.set_key(None, "neuf", WRONG)
    with transaction(boss):
        assert not checking.test_key(None, "neuf").success
    with transaction(boss):
        credentials.set_key(None, "neuf", key)
        active.activate(None, "neuf", "ok")
    with transaction(boss):
        assert checking.test_active(None).success
    return made


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """What our own log would write, tracebacks rendered."""
    lines: list[str] = []

    def note(logger: object, name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        lines.append(str(entry))
        return entry

    processors = structlog.get_config()["processors"]
    processors.insert(len(processors) - 1, note)
    yield lines
    processors.remove(note)


def of_the_api(client: FlaskClient, key: str) -> list[str]:
    """What a partner is told while he sets, tests and uses a key of his own."""
    headers = {"X-API-Key": key}
    told = []

    def call(method: str, path: str, body: Any = None) -> None:
        answer = client.open(f"/api/ai/{path}", method=method, json=body, headers=headers)
        assert answer.status_code < 500, f"{method} {path}: {answer.status_code}"
        told.append(answer.get_data(as_text=True) + str(answer.headers))

    call("PUT", "keys/neuf", {"api_key": WRONG})
    call("PUT", "keys/neuf", {"api_key": KEY + " ", "base_url": f"https://user:{quote(KEY, safe='')}@exemple.fr/v1"})
    call("POST", "keys/neuf/test")
    call("PUT", "keys/neuf", {"api_key": KEY})
    call("POST", "keys/neuf/test")
    for model in MODELS:
        call("PUT", "active-model", {"provider": "neuf", "model": model})
        call("POST", "active-model/test")
    for path in ("providers", "models", "keys", "active-model", "prompts"):
        call("GET", path)
    return told


def of_a_conversation(house: House, tenant: Tenant, run_jobs: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a visitor is told by answers that come, that fail, and that meet a bug of ours."""
    chat, told = open_chat(tenant), []
    boss = platform("demo")
    for model in MODELS:
        with transaction(boss):
            active.activate(None, "neuf", model)
        if model == "broken":
            monkeypatch.setattr(openai_compatible, "_failure", _bug)
        http = house.test_client()
        sent = http.post("/api/widget/v1/message", json={"content": "Bonjour", "client_message_id": uuid.uuid4().hex}, headers=chat.headers)
        run_jobs()
        reply = sent.json["data"]["message_id"]
        for path in ("status", "stream"):
            told.append(http.get(f"/api/widget/v1/message/{reply}/{path}", headers=chat.headers).get_data(as_text=True))
    return told


def _bug(error: Exception, choice: object) -> None:
    raise RuntimeError("a bug of ours")


def kept() -> list[str]:
    """Every row that the platform's own jobs can read, all that Redis holds, every file."""
    with transaction(platform("sweep")):
        rows = [str(db.session.execute(text(f"SELECT t::text FROM {name} t")).all()) for name in db.metadata.tables]
    client = redis_client()
    read: dict[bytes, Callable[[bytes], object]] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda name: client.lrange(name, 0, -1),
        b"set": client.smembers,
        b"zset": lambda name: client.zrange(name, 0, -1),
        b"stream": lambda name: client.xrange(name),
    }
    files = [path.read_bytes().decode("latin-1") for path in Path(settings().data_dir).rglob("*") if path.is_file()]
    return rows + files + [f"{name!r} {read[client.type(name)](name)!r}" for name in client.scan_iter()]


def of_the_pages(house: House, tenant: Tenant) -> list[str]:
    """The pages about models, as the two who gave the key and their artisan see them; tests/blueprints/test_planted_key.py reads all."""
    with committing():
        people = {"admin": make_user("super-admin"), "editeur": tenant.editor, "artisan": tenant.artisan}
    told = []
    for portal, user in people.items():
        http = house.test_client()
        sign_in(http, user, "super-admin" if portal == "admin" else portal)
        paths = [path for path in simple_paths(house, (portal,)) if path.startswith(tuple(f"/{portal}/{about}" for about in ABOUT_MODELS))]
        assert f"/{portal}/intelligence-artificielle" in paths
        for path in paths:
            answer = http.get(path)
            if answer.status_code == 200:
                told.append(answer.get_data().decode("utf-8", "replace"))
    return told


def test_a_planted_key_is_nowhere_to_be_found(
    house: House,
    client: FlaskClient,
    tenant: Tenant,
    models: ModelServer,
    run_jobs: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    log_lines: list[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx2", "httpcore2", "openai"):
        caplog.set_level(logging.DEBUG, logger=name)
    told = {
        "API": of_the_api(client, tenant.api_key),
        "conversation": of_a_conversation(house, tenant, run_jobs, monkeypatch),
        "pages": of_the_pages(house, tenant),
        "kept": kept(),
        "log": [*log_lines, caplog.text],
    }
    method = (models.auth or ("", "", ""))[0]
    assert sum(1 for asked in models.asked if models.admits(asked)) > 10, f"the key was hardly used by {method}"
    assert any("neuf" in page for page in told["pages"]) and any("reply.broken" in line and "a bug of ours" in line for line in log_lines)
    for place, pieces in told.items():
        assert pieces and all(isinstance(piece, str) for piece in pieces)
        for shown in SHOWN:
            found = next((piece for piece in pieces if shown in piece), None)
            assert found is None, f"{place}: …{found[max(0, found.index(shown) - 200) : found.index(shown) + 60]}…"  # type: ignore[index]
