"""`/api/ai` through HTTP: an editor's key, personal tokens, a signed-in session (001; CONTRACT.md, Ways in)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.extensions import db
from app.identity.keys import create_key
from app.identity.models import ApiKey
from app.llm.breaker import breaker
from app.llm.providers.clients import clients
from app.llm.resolving import forget
from app.web.house import House
from tests.factories import actor_for, committing, make_key, make_user
from tests.guards.test_routes import call, routes
from tests.support.model_server import ModelServer, model_server
from tests.support.portal import sign_in
from tests.support.stack import free_port

KEY = "sk-essai-0123456789abcdef"
ROLES = ("admin", "artisan", "editeur")


@pytest.fixture
def models() -> Iterator[ModelServer]:
    forget()
    with model_server(("bearer", "", KEY)) as server:
        yield server
    clients.close()
    breaker.reset()


class Api:
    """A partner's program."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    def __call__(self, method: str, path: str, body: object = None, **query: object) -> Any:
        options = {} if body is None else {"json": body}
        return self.client.open(f"/api/ai{path}", method=method, query_string=query, headers=self.headers, **options)

    def data(self, method: str, path: str, body: object = None, **query: object) -> Any:
        answer = self(method, path, body, **query)
        assert answer.status_code in (200, 201), answer.text
        return answer.json["data"]


def make_api(client: FlaskClient, role: str) -> Api:
    with committing():
        secret = make_key(make_user(role), role)
    return Api(client, {"X-API-Key": secret} if role == "editeur" else {"Authorization": f"Bearer {secret}"})


@pytest.fixture(params=ROLES)
def api(request: pytest.FixtureRequest, house: House, client: FlaskClient) -> Api:
    return make_api(client, request.param)


def ready(api: Api, models: ModelServer, model: str = "ok") -> None:
    api.data("PUT", "/keys/compatible", {"api_key": KEY, "base_url": models.base_url})
    api.data("POST", "/models", {"provider": "compatible", "key": model})
    api.data("PUT", "/active-model", {"provider": "compatible", "model": model})


def test_the_whole_way_of_a_mobile_application(api: Api, models: ModelServer) -> None:
    providers = api.data("GET", "/providers")
    assert {"openai", "anthropic", "google", "mistral", "grok", "deepseek", "ollama", "compatible", "local"} <= {
        one["key"] for one in providers
    }
    assert all(not key["configured"] or key["provider"] == "local" for key in api.data("GET", "/keys"))
    assert "gpt-4o-mini" in {one["key"] for one in api.data("GET", "/models", provider="openai")}
    assert api.data("GET", "/active-model") | {"module": "global"} == {
        "module": "global", "provider": None, "model": None, "system_prompt": None, "healthy": False, "tested_at": None, "latency_ms": None,
    }  # fmt: skip
    held = api.data("PUT", "/keys/compatible", {"api_key": KEY, "base_url": models.base_url})
    assert held["configured"] and held["base_url"] == models.base_url and held["ok"] is None
    tested = api.data("POST", "/keys/compatible/test")
    assert tested["success"] and tested["api_key_ok"]
    added = api.data("POST", "/models", {"provider": "compatible", "key": "ok", "name": "Le nôtre"})
    assert added["id"] and added["name"] == "Le nôtre"
    assert api("POST", "/models", {"provider": "compatible", "key": "ok"}).status_code == 409
    active = api.data("PUT", "/active-model", {"provider": "compatible", "model": "ok"})
    assert (active["provider"], active["model"], active["healthy"]) == ("compatible", "ok", False)
    tested = api.data("POST", "/active-model/test")
    assert tested["success"] and tested["api_key_ok"] and tested["model_accessible"] and isinstance(tested["latency_ms"], int)
    assert api.data("GET", "/active-model")["healthy"]
    assert next(key for key in api.data("GET", "/keys") if key["provider"] == "compatible")["ok"]
    assert [check["kind"] for check in api.data("GET", "/checks")] == ["config", "key"]
    assert api("DELETE", f"/models/{added['id']}").status_code == 409
    api.data("PUT", "/active-model", {"provider": "local", "model": "local"})
    assert api.data("DELETE", "/models", provider="compatible", key="ok") == {"deleted": True}
    assert api.data("DELETE", "/keys/compatible") == {"deleted": True}
    assert api("DELETE", "/keys/compatible").status_code == 404


def test_a_test_tells_the_key_and_the_model_apart(api: Api, models: ModelServer) -> None:
    ready(api, models, "inconnu")
    told = api.data("POST", "/active-model/test")
    assert (told["success"], told["api_key_ok"], told["model_accessible"]) == (False, True, False)
    api.data("PUT", "/keys/compatible", {"api_key": "sk-fausse"})
    told = api.data("POST", "/active-model/test")
    assert (told["success"], told["api_key_ok"], told["error_kind"]) == (False, False, "auth") and "sk-fausse" not in str(told)
    assert len(api.data("GET", "/checks", ok="false")) == 2 and api.data("GET", "/checks", ok="true") == []


def test_a_key_stays_with_its_address(api: Api, models: ModelServer) -> None:
    ready(api, models)
    answer = api("PUT", "/keys/compatible", {"base_url": f"http://127.0.0.1:{free_port()}/v1"})
    assert answer.status_code == 422 and "api_key" in answer.json["error"]["details"]["fields"]


def test_prompts_are_snapshots(api: Api, models: ModelServer) -> None:
    ready(api, models)
    made = api.data("POST", "/prompts", {"name": "Devis", "content": "Soyez bref."})
    assert not made["is_active"]
    api.data("POST", f"/prompts/{made['id']}/activate")
    api.data("PUT", f"/prompts/{made['id']}", {"name": "Devis", "content": "Soyez long."})
    assert api.data("GET", "/active-model")["system_prompt"] == "Soyez bref."
    api.data("PUT", "/active-model", {"provider": "local", "model": "local"})
    assert api.data("GET", "/active-model")["system_prompt"] == "Soyez bref.", "activating a model keeps the snapshot"
    assert [one["is_active"] for one in api.data("GET", "/prompts")] == [True]
    assert api.data("GET", f"/prompts/{made['id']}")["content"] == "Soyez long."
    assert api.data("DELETE", f"/prompts/{made['id']}") == {"deleted": True}
    assert api("GET", f"/prompts/{made['id']}").status_code == 404


def test_one_account_knows_nothing_of_another(house: House, client: FlaskClient, models: ModelServer) -> None:
    mine, others = make_api(client, "editeur"), [make_api(client, role) for role in ROLES]
    ready(mine, models)
    prompt = mine.data("POST", "/prompts", {"name": "À moi", "content": "Secret."})["id"]
    own = mine.data("GET", "/models", provider="compatible")[0]["id"]
    for other in others:
        assert other.data("GET", "/prompts") == [] and other.data("GET", "/active-model")["provider"] is None
        assert other.data("GET", "/models", provider="compatible") == [] and other.data("GET", "/checks") == []
        for method, path in (
            ("GET", f"/prompts/{prompt}"),
            ("DELETE", f"/prompts/{prompt}"),
            ("DELETE", f"/models/{own}"),
            ("DELETE", "/keys/compatible"),
        ):
            assert other(method, path).status_code == 404, f"{method} {path}"
        assert not any(key["configured"] for key in other.data("GET", "/keys") if key["provider"] == "compatible")


def test_what_is_refused(api: Api) -> None:
    for method, path, body, status in (
        ("DELETE", "/keys/openai", None, 404),
        ("PUT", "/keys/nulle-part", {"api_key": "x"}, 404),
        ("PUT", "/keys/openai", {"api_key": ""}, 422),
        ("PUT", "/keys/openai", {"api_key": "avec espace"}, 422),
        ("PUT", "/keys/openai", {"api_key": "x", "secret": "y"}, 422),
        ("PUT", "/keys/local", {"api_key": "x"}, 422),
        ("PUT", "/active-model", {"provider": "openai", "model": "nulle-part"}, 422),
        ("PUT", "/active-model", {"provider": "openai", "model": "gpt-4o", "module": "devis"}, 422),
        ("POST", "/models", {"provider": "openai", "key": "deux mots"}, 422),
        ("POST", "/prompts", {"name": "", "content": "x"}, 422),
    ):
        assert api(method, path, body).status_code == status, f"{method} {path}"
    assert api("GET", "/models", provider="nulle-part").status_code == 404
    assert api("DELETE", "/models", provider="openai", key="nulle-part").status_code == 404


def test_every_route_asks_who_calls(house: House, client: FlaskClient) -> None:
    with committing():
        stranger = make_key(make_user("fabricant"), "fabricant")
    tried = 0
    for method, rule, endpoint in routes(house):
        if endpoint.startswith("ai_api."):
            assert call(client, method, rule) == 401, f"{method} {rule}"
            for header in ("X-API-Key", "Authorization"):
                value = (lambda secret: f"Bearer {secret}") if header == "Authorization" else str
                assert call(client, method, rule, {header: value("aim_faux")}) == 401, f"{method} {rule}"
                assert call(client, method, rule, {header: value(stranger)}) == 403, f"{method} {rule}"
            tried += 1
    assert tried >= 18


def test_an_editors_key_serves_as_a_bearer_too_and_scopes_hold(house: House, client: FlaskClient) -> None:
    with committing():
        editor = make_user("editeur")
        whole = make_key(editor, "editeur")
        narrow = create_key(actor_for(editor, "editeur"), kind="key", name="Étroite", scopes=["stats.view"])[1]
    assert Api(client, {"Authorization": f"Bearer {whole}"})("GET", "/keys").status_code == 200
    assert Api(client, {"X-API-Key": narrow})("GET", "/keys").status_code == 403


def test_a_key_is_seen_used_after_a_slow_call(house: House, client: FlaskClient, models: ModelServer) -> None:
    api = make_api(client, "editeur")
    ready(api, models)
    with committing():
        db.session.execute(db.update(ApiKey).values(last_used_at=None))
    api.data("POST", "/active-model/test")
    with committing():
        assert db.session.scalar(db.select(ApiKey.last_used_at)) is not None


def test_a_session_reads_and_writes_only_from_our_pages(house: House) -> None:
    with committing():
        editor, maker = sign_in(house, make_user("editeur")), sign_in(house, make_user("fabricant"))

    def write(**headers: str) -> Any:
        with house.app_context():
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return editor.client.post("/api/ai/prompts", json={"name": "Devis", "content": "Soyez bref."}, headers=named)

    assert editor.get("/api/ai/keys").status_code == 200
    assert write().json["error"]["code"] == "csrf"
    assert write(Sec_Fetch_Site="cross-site").status_code == write(X_CSRFToken="faux").status_code == 400
    assert write(Sec_Fetch_Site="same-origin").status_code == 201
    editor.get("/editeur/intelligence-artificielle")
    assert write(X_CSRFToken=editor._token or "").status_code == 201
    assert maker.get("/api/ai/keys").status_code == 403


def test_tests_are_limited_since_they_call_an_address_of_ones_choice(
    api: Api, models: ModelServer, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(api, models)
    monkeypatch.setitem(house.config, "SETTINGS", replace(house.config["SETTINGS"], ratelimit_enabled=True))
    monkeypatch.setattr("app.llm.starting.TESTS_PER_MINUTE", 2)
    answers = [api("POST", path).status_code for path in ("/active-model/test", "/keys/compatible/test", "/active-model/test")]
    assert answers == [200, 200, 429] and len(models.asked) < 6
