"""Walks the routes: each says who may call it, and each with an id gives a stranger 404 (ARCHITECTURE.md, Tests)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.core.ids import new_id
from app.web.house import House
from tests.factories import committing, make_key, make_user
from tests.factories.conversations import make_tenant, open_chat

PORTALS = ("admin", "editeur", "artisan", "fabricant", "particulier", "metreur")

BODIES = {
    "domains": {"domain": "app.exemple.fr"},
    "deployments": {"agent_id": "agt_nowhere", "name": "Chantiers"},
    "<editor_id>": {"company_name": "EBP", "name": "Marie"},
    "rating": {"rating": 1},
    "accept": {"pre_quote_id": "x"},
    "transcript": {"email": "a@exemple.fr"},
    "code": {"code": "123456"},
}


def routes(app: House) -> list[tuple[str, str, str]]:
    """(method, rule, endpoint) of every route of ours."""
    return [
        (method, rule.rule, rule.endpoint)
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_every_route_says_who_may_call_it(house: House) -> None:
    silent = {endpoint for _, _, endpoint in routes(house) if not getattr(house.view_functions[endpoint], "access", None)}
    assert silent == set()


def test_portal_routes_are_never_public(house: House) -> None:
    open_ones = {e for _, _, e in routes(house) if e.split(".")[0] in PORTALS and house.view_functions[e].access == ("public",)}
    assert open_ones == set()


def call(client: FlaskClient, method: str, rule: str, headers: dict[str, str] | None = None) -> int:
    """The status of a route with made-up ids."""
    path = rule
    while "<" in path:
        before, _, rest = path.partition("<")
        name, _, after = rest.partition(">")
        path = before + (new_id("usr") if "id" in name else "x" * 20) + after
    body = BODIES.get(rule.rsplit("/", 1)[-1], {}) if method in ("POST", "PUT", "PATCH") else None
    return client.open(path, method=method, json=body if rule.startswith("/api/") else None, headers=headers).status_code


def test_no_portal_page_opens_to_a_stranger(house: House, client: FlaskClient) -> None:
    for method, rule, endpoint in routes(house):
        if endpoint.split(".")[0] in PORTALS:
            assert call(client, method, rule) in (302, 303, 400, 401, 404), f"{method} {rule}"


@pytest.mark.parametrize("prefix", ["/api/widget/v1/message/", "/api/widget/v1/session/", "/api/widget/v1/files/"])
def test_ids_of_another_conversation_are_unknown(house: House, client: FlaskClient, prefix: str, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        one, other = make_tenant(), make_tenant()
    mine, theirs = open_chat(one), open_chat(other)
    sent = client.post("/api/widget/v1/message", json={"content": "Bonjour", "client_message_id": new_id("c")}, headers=theirs.headers)
    ids = {"message_id": sent.json["data"]["message_id"], "session_id": theirs.session_id, "file_id": new_id("file")}
    tried = 0
    for method, rule, _ in routes(house):
        if rule.startswith(prefix):
            path = rule
            for name, value in ids.items():
                path = path.replace(f"<{name}>", value)
            body = BODIES.get(rule.rsplit("/", 1)[-1]) if method == "POST" else None
            assert client.open(path, method=method, json=body, headers=mine.headers).status_code == 404, f"{method} {rule}"
            assert client.open(path, method=method, json=body).status_code == 401, f"{method} {rule} without a secret"
            tried += 1
    assert tried >= 1


OPENED_BY = {
    "editor_api": ("X-API-Key", "editeur"),
    "artisan_api": ("Authorization", "artisan"),
    "admin_api": ("Authorization", "admin"),
}


def test_every_api_asks_for_a_key_or_a_token_of_its_role(house: House, client: FlaskClient) -> None:
    """401 without one, 403 with another role's, 404 for an object that is nowhere: on every route of every API."""
    with committing():
        secrets = {role: make_key(make_user(role), role) for role in ("editeur", "artisan", "admin", "fabricant")}
    tried = 0
    for method, rule, endpoint in routes(house):
        header, role = OPENED_BY.get(endpoint.split(".")[0], ("", ""))
        if not header:
            continue
        for name, secret in {"": "", "wrong": "aim_wrong", **secrets}.items():
            headers = {header: f"Bearer {secret}" if header == "Authorization" else secret} if name else {}
            status = call(client, method, rule, headers)
            if name == role:
                assert status == 404 if "<" in rule else status < 500, f"{method} {rule}: {status} with its own key"
            else:
                assert status == (401 if name in ("", "wrong") else 403), f"{method} {rule}: {status} with {name or 'nothing'}"
        tried += 1
    assert tried > 20


def test_the_editor_api_knows_no_object_of_another_editor(house: House, client: FlaskClient) -> None:
    with committing():
        one, other = make_tenant(), make_tenant()
        key, foreign = one.api_key, {"deployment_key": other.deployment.id, "artisan_external_id": other.tie.external_id}
        own_deployment, maker_key = one.deployment.id, make_key(make_user("fabricant"), "fabricant")
    headers = {"X-API-Key": key}
    for body in (foreign, foreign | {"deployment_key": own_deployment}):
        assert client.post("/api/editor/sessions/create-link", json=body, headers=headers).status_code == 404
    for method, rule, endpoint in routes(house):
        if not endpoint.startswith("editor_api."):
            continue
        assert call(client, method, rule) == 401, f"{method} {rule} without a key"
        assert call(client, method, rule, {"X-API-Key": "aim_wrong"}) == 401, f"{method} {rule} with a wrong key"
        assert call(client, method, rule, {"X-API-Key": maker_key}) == 403, f"{method} {rule} with a fabricant's key"
        if "<" in rule:
            assert call(client, method, rule, headers) == 404, f"{method} {rule} with an unknown id"
