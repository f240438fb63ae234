"""The editor's API through HTTP (CONTRACT.md, HTTP, Ways in; 003 §15.2 A, B, §17.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.core import clock
from app.extensions import db
from app.identity.models import ApiKey, EditorLink, User
from app.notifications.models import EmailMessage, Notification
from app.web.house import House
from app.webhooks.models import WebhookEndpoint
from tests.factories import committing, make_user
from tests.factories.conversations import Tenant, make_tenant
from tests.support.receiver import Receiver


@pytest.fixture
def tenant(house: House) -> Tenant:
    with committing():
        return make_tenant()


class Api:
    """An editor's server."""

    def __init__(self, client: FlaskClient, key: str) -> None:
        self.client, self.headers = client, {"X-API-Key": key}

    def post(self, path: str, body: object, **headers: str) -> Any:
        return self.client.post(f"/api/editor{path}", json=body, headers={**self.headers, **headers})

    def get(self, path: str, **query: object) -> Any:
        return self.client.get(f"/api/editor{path}", query_string=query, headers=self.headers)


@pytest.fixture
def api(client: FlaskClient, tenant: Tenant) -> Api:
    return Api(client, tenant.api_key)


def test_linking_answers_the_same_whether_or_not_the_account_exists(api: Api, tenant: Tenant, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        known = make_user("artisan").email
    answers = []
    for number, email in enumerate((known, "inconnu@exemple.fr")):
        answer = api.post("/artisans/link", {"email": email, "external_id": f"X-{number}", "name": "Chez Paul"})
        assert answer.status_code == 202
        answers.append({k: v for k, v in answer.json["data"].items() if k not in ("id", "email", "external_id", "created_at")})
    assert answers[0] == answers[1] and answers[0]["status"] == "pending"
    run_jobs()
    with committing():
        invited = db.session.scalars(select(EmailMessage.recipient).where(EmailMessage.kind == "invitation")).all()
        proposed = db.session.scalars(select(Notification.user_id).where(Notification.kind == "link_proposed")).all()
        person = db.session.scalars(select(User.id).where(User.email == known)).one()
    assert invited == ["inconnu@exemple.fr"] and proposed == [person]
    listed = api.get("/artisans").json
    assert listed["meta"] == {"next_cursor": None, "total": 3}
    assert {row["status"] for row in listed["data"]} == {"pending", "active"}


@pytest.mark.parametrize("body", ["{", "[" * 50_000, '{"expires_in": ' + "9" * 5000 + "}", '{"context": {"devis": "\\ud800"}}'])
def test_json_that_nothing_can_read_is_malformed(api: Api, body: str) -> None:
    answer = api.client.post("/api/editor/sessions/create-link", data=body, headers=api.headers, content_type="application/json")
    assert answer.status_code in (400, 422) and answer.json["error"]["code"] in ("bad_request", "invalid")


def test_a_pending_artisan_can_already_be_sent_links(api: Api, client: FlaskClient, tenant: Tenant) -> None:
    api.post(
        "/artisans/create-and-link", {"email": "paul@exemple.fr", "external_id": "PAUL", "name": "Paul Rénovation", "phone": "0612345678"}
    )
    body = {"deployment_key": tenant.deployment.id, "artisan_external_id": "PAUL"}
    made = api.post("/sessions/create-link", body).json["data"]
    page = client.get(f"/s/{made['session_token']}").get_data(as_text=True)
    assert "Paul Rénovation" in page
    with committing():
        tie = db.session.scalars(select(EditorLink).where(EditorLink.external_id == "PAUL")).one()
        assert tie.artisan_id is None and tie.artisan_phone == "+33612345678"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"artisan_external_id": "x"}, "deployment_key"),
        ({"deployment_key": "d", "artisan_external_id": "x", "expires_in": "une semaine"}, "expires_in"),
        ({"deployment_key": "d", "artisan_external_id": "x", "typo": 1}, "typo"),
        ({"deployment_key": "d", "artisan_external_id": "x", "context": []}, "context"),
    ],
)
def test_a_wrong_body_names_its_field(api: Api, body: dict[str, object], field: str) -> None:
    answer = api.post("/sessions/create-link", body)
    assert answer.status_code == 422 and not answer.json["success"]
    assert field in str(answer.json["error"]["details"]["fields"])


@pytest.mark.parametrize("expires_in", [0, 59, 90 * 86_400 + 1, -5])
def test_a_link_lives_ninety_days_at_most(api: Api, tenant: Tenant, expires_in: int) -> None:
    body = {"deployment_key": tenant.deployment.id, "artisan_external_id": tenant.tie.external_id, "expires_in": expires_in}
    assert api.post("/sessions/create-link", body).json["error"]["details"]["fields"]["expires_in"]


@pytest.mark.parametrize("content", [b"", b"{", b"[1", b"\xff\xfe", b'"text"'])
def test_a_body_that_is_not_json(api: Api, content: bytes) -> None:
    answer = api.client.post("/api/editor/sessions/create-link", data=content, headers={**api.headers, "Content-Type": "application/json"})
    assert answer.status_code in (400, 422) and answer.json["success"] is False


def test_idempotency(api: Api, tenant: Tenant) -> None:
    body = {"deployment_key": tenant.deployment.id, "artisan_external_id": tenant.tie.external_id}
    first = api.post("/sessions/create-link", body, **{"Idempotency-Key": "abc"})
    again = api.post("/sessions/create-link", body, **{"Idempotency-Key": "abc"})
    assert first.json == again.json and (first.status_code, again.status_code) == (201, 201)
    other = api.post("/sessions/create-link", body | {"expires_in": 3600}, **{"Idempotency-Key": "abc"})
    assert (other.status_code, other.json["error"]["code"]) == (422, "idempotency_mismatch")
    assert api.post("/sessions/create-link", body, **{"Idempotency-Key": "def"}).json != first.json


def test_a_secret_is_not_replayed(api: Api) -> None:
    body = {"url": "http://127.0.0.1:9999/hook", "events": ["project.created"]}
    first = api.post("/webhooks", body, **{"Idempotency-Key": "hook"})
    again = api.post("/webhooks", body, **{"Idempotency-Key": "hook"})
    assert first.json["data"]["secret"].startswith("whsec_")
    assert (again.status_code, again.json["error"]["details"]["id"]) == (409, first.json["data"]["id"])
    assert "secret" not in str(api.get("/webhooks").json["data"])


def test_webhook_addresses_and_events_are_checked(api: Api) -> None:
    for url in (
        "ftp://x.example",
        "http://169.254.169.254/latest",
        "https://user:pw@x.example",
        "nope",
        "http://[::ffff:169.254.169.254]/",
    ):
        assert api.post("/webhooks", {"url": url, "events": ["project.created"]}).status_code == 422, url
    assert api.post("/webhooks", {"url": "http://127.0.0.1:9999", "events": ["no.such"]}).status_code == 422
    with committing():
        assert db.session.scalar(select(func.count()).select_from(WebhookEndpoint)) == 0


def test_a_test_event_is_signed_and_its_answer_told(api: Api) -> None:
    receiver = Receiver()
    try:
        made = api.post("/webhooks", {"url": receiver.url, "events": ["project.created"]}).json["data"]
        sent = api.post(f"/webhooks/{made['id']}/test", {}).json["data"]
        assert (sent["success"], sent["status_code"]) == (True, 200)
        assert receiver.received("webhook.test")[0].headers["webhook-id"] == sent["event_id"]
        receiver.status = 500
        assert api.post(f"/webhooks/{made['id']}/test", {}).json["data"]["success"] is False
    finally:
        receiver.close()


def test_paging_by_cursor(api: Api) -> None:
    for number in range(5):
        api.post("/artisans/link", {"email": f"a{number}@exemple.fr", "external_id": f"P-{number}", "name": "A"})
    seen, cursor = [], None
    while True:
        page = api.get("/artisans", limit=2, **({"cursor": cursor} if cursor else {})).json
        seen += [row["external_id"] for row in page["data"]]
        cursor = page["meta"]["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 6
    assert api.get("/artisans", cursor="garbage").status_code == 422


def test_a_key_ends_at_once(api: Api, tenant: Tenant) -> None:
    assert api.get("/deployments").status_code == 200
    with committing():
        key = db.session.scalars(select(ApiKey).where(ApiKey.owner_id == tenant.editor.id)).one()
        assert key.hash != tenant.api_key and tenant.api_key.startswith(key.prefix)
        key.revoked_at = clock.now()
    assert api.get("/deployments").status_code == 401
    with committing():
        db.session.scalars(select(ApiKey).where(ApiKey.owner_id == tenant.editor.id)).one().revoked_at = None
        db.session.get_one(User, tenant.editor.id).status = "suspended"
    assert api.get("/deployments").status_code == 401


def test_deployments_and_sessions_are_listed(api: Api, tenant: Tenant) -> None:
    rows = api.get("/deployments").json["data"]
    assert [(row["deployment_key"], row["domains"]) for row in rows] == [(tenant.deployment.id, ["app.ebp.com"])]
    assert api.get("/sessions").json == {"success": True, "data": [], "meta": {"next_cursor": None, "total": None}}


def test_a_deployment_is_changed_as_far_as_its_agent_allows(api: Api, tenant: Tenant) -> None:
    def put(body: object, key: str = tenant.deployment.id) -> Any:
        return api.client.put(f"/api/editor/deployments/{key}", json=body, headers=api.headers)

    look = {"title": "Votre projet", "primary_color": "#24518f"}
    changed = put({"config": {"temperature": 0.5}, "note": "Plus posé", "branding": look, "max_sessions_day": 20}).json["data"]
    assert (changed["config"], changed["max_sessions_day"]) == ({"temperature": 0.5}, 20)
    assert changed["branding"] == look
    settings = {setting["name"]: setting for setting in changed["settings"]}
    assert (settings["temperature"]["value"], settings["temperature"]["locked_reason"]) == (0.5, None)
    locked = put({"config": {"ollama_host": "10.0.0.1", "temperature": 0.2}})
    assert locked.json["error"]["details"]["fields"] == {"ollama_host": [settings["ollama_host"]["locked_reason"]]}
    for body in ({"config": {"temperature": 9}}, {"config": {"slug": "x"}}, {"is_active": "no"}, {"typo": 1}):
        assert put(body).status_code == 422, body
    assert put(None).status_code == 400
    assert api.get(f"/deployments/{tenant.deployment.id}").json["data"]["config"] == {"temperature": 0.5}
    with committing():
        other = make_tenant().deployment.id
    assert put({"is_active": False}, other).status_code == 404


def test_domains_statistics_and_usage(api: Api, tenant: Tenant) -> None:
    path = f"/deployments/{tenant.deployment.id}/domains"
    added = api.post(path, {"domain": "https://Devis.EBP.com/"})
    assert (added.status_code, added.json["data"]["domain"]) == (201, "devis.ebp.com")
    assert [domain["domain"] for domain in api.get(path).json["data"]] == ["app.ebp.com", "devis.ebp.com"]
    assert api.post(path, {"domain": "co.uk"}).json["error"]["details"]["fields"]["domain"]
    with committing():
        stranger = make_tenant()
    gone = f"/api/editor{path}/{added.json['data']['id']}"
    assert api.client.delete(gone, headers={"X-API-Key": stranger.api_key}).status_code == 404
    assert [api.client.delete(gone, headers=api.headers).status_code for _ in range(2)] == [200, 404]
    figures = api.get("/stats").json["data"]
    assert (len(figures["days"]), figures["sessions"], figures["ttft_p50_ms"]) == (30, 0, None)
    for period in ({"since": "9999-12-31"}, {"since": "0001-01-01"}, {"since": "hier"}, {"since": "2024-01-01", "until": "2026-01-01"}):
        assert api.get("/stats", **period).status_code == 422, period
    usage = api.get("/usage").json["data"]
    assert (usage["current"]["sessions"], usage["current"]["month"]) == (0, clock.paris_month())


def test_init_follows_the_origin_rule(client: FlaskClient, tenant: Tenant) -> None:
    def init(origin: str | None) -> Any:
        headers = {"Origin": origin} if origin else {}
        return client.post(
            "/api/widget/v1/init", json={"deployment_key": tenant.deployment.id, "context": {"page": "devis"}}, headers=headers
        )

    allowed = init("https://app.ebp.com")
    assert allowed.status_code == 200 and allowed.json["data"]["session_id"].startswith("sess_")
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://app.ebp.com" and "Origin" in allowed.headers["Vary"]
    for origin in ("https://evil.com", "https://evilapp.ebp.com", "null", None):
        refused = init(origin)
        assert (refused.status_code, refused.json["error"]["code"]) == (403, "domain_not_allowed")
        assert "Access-Control-Allow-Origin" not in refused.headers
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    yes = client.options("/api/widget/v1/init", headers={"Origin": "https://app.ebp.com", **preflight})
    no = client.options("/api/widget/v1/init", headers={"Origin": "https://evil.com", **preflight})
    assert yes.headers["Access-Control-Allow-Origin"] == "https://app.ebp.com" and "Access-Control-Allow-Origin" not in no.headers
    look = client.get("/api/widget/v1/config", query_string={"deployment_key": tenant.deployment.id})
    assert look.status_code == 200 and "max-age" in look.headers["Cache-Control"]
    assert "*" not in str(look.headers.get("Access-Control-Allow-Origin"))
