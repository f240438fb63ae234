"""The administrators' API through HTTP (CONTRACT.md, Ways in; 003 §6.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.core import clock
from app.extensions import db
from app.identity.keys import create_key
from app.identity.models import ApiKey, User
from app.notifications.models import EmailMessage
from app.web.house import House
from tests.factories import actor_for, committing, make_key, make_user
from tests.factories.conversations import Tenant, make_link, make_tenant


class Api:
    """A program with a personal token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: object = None, **query: object) -> Any:
        return self.client.open(f"/api/admin{path}", method=method, json=body, query_string=query, headers=self.headers)


@pytest.fixture
def tenant(house: House) -> Tenant:
    with committing():
        return make_tenant()


@pytest.fixture
def admin(house: House) -> User:
    with committing():
        return make_user("admin")


@pytest.fixture
def api(client: FlaskClient, admin: User) -> Api:
    with committing():
        return Api(client, make_key(admin, "admin"))


NEW = {"email": "marie@exemple.fr", "company_name": "EBP", "name": "Marie Lefèvre", "company_info": {"phone": "01 34 94 80 00"}}


def test_an_editor_is_opened_changed_and_taken_back(api: Api, run_jobs: Callable[[], list[str]]) -> None:
    made = api("POST", "/editors", NEW)
    assert (made.status_code, made.json["data"]["status"], made.json["data"]["company_info"]) == (201, "invited", {"phone": "+33134948000"})
    run_jobs()
    with committing():
        assert db.session.scalars(db.select(EmailMessage.recipient).where(EmailMessage.kind == "invitation")).all() == ["marie@exemple.fr"]
    again = api("POST", "/editors", NEW)
    assert (again.status_code, again.json["error"]["code"]) == (409, "email_taken")
    path = f"/editors/{made.json['data']['id']}"
    changed = api("PUT", path, {"company_name": "EBP Groupe", "name": "Marie Lefèvre"}).json["data"]
    assert (changed["company_name"], changed["company_info"]) == ("EBP Groupe", {})
    assert api("PUT", path, {"company_name": " ", "name": "M"}).json["error"]["details"]["fields"]["company_name"]
    assert api("DELETE", path).json["data"] == {"deleted": True}
    assert api("GET", path).status_code == 404


def test_an_editor_that_served_is_suspended_not_deleted(api: Api, client: FlaskClient, tenant: Tenant) -> None:
    path = f"/editors/{tenant.editor.id}"
    refused = api("DELETE", path)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "account_used")
    company = {"company_name": "EBP", "name": "Marie Lefèvre"}
    suspended = api("PUT", path, {**company, "status": "suspended", "status_reason": "Impayé"}).json["data"]
    assert (suspended["status"], suspended["status_reason"]) == ("suspended", "Impayé")
    assert client.get("/api/editor/deployments", headers={"X-API-Key": tenant.api_key}).status_code == 401
    assert api("PUT", path, {**company, "status": "active"}).json["data"]["status"] != "suspended"


def test_an_invited_editor_that_has_something_is_kept(api: Api, tenant: Tenant) -> None:
    with committing():
        db.session.get_one(User, tenant.editor.id).status = "invited"
    assert api("DELETE", f"/editors/{tenant.editor.id}").json["error"]["code"] == "account_used"
    assert api("GET", f"/editors/{tenant.editor.id}").status_code == 200


def test_editors_are_paged_by_name(api: Api, tenant: Tenant) -> None:
    with committing():
        for name in ("Éditions Ample", "Zéphyr"):
            make_user("editeur", company_name=name * 8)
    seen, cursor = [], None
    while True:
        page = api("GET", "/editors", limit=1, **({"cursor": cursor} if cursor else {})).json
        seen += [row["id"] for row in page["data"]]
        cursor = page["meta"]["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == page["meta"]["total"] == 3
    assert [row["display_name"] for row in api("GET", "/editors", q="zephyr").json["data"]] == ["Zéphyr" * 8]
    assert api("GET", "/editors", cursor="garbage").status_code == 422


def test_deployments_domains_and_figures_of_any_editor(api: Api, tenant: Tenant) -> None:
    listed = api("GET", f"/editors/{tenant.editor.id}/deployments").json
    assert [row["deployment_key"] for row in listed["data"]] == [tenant.deployment.id]
    path = f"/deployments/{tenant.deployment.id}"
    shown = api("GET", path).json["data"]
    assert (shown["editor_id"], [domain["domain"] for domain in shown["domains"]]) == (tenant.editor.id, ["app.ebp.com"])
    added = api("POST", f"{path}/domains", {"domain": "*.ebp.com"})
    assert (added.status_code, added.json["data"]["domain"], added.json["data"]["environment"]) == (201, "*.ebp.com", "production")
    assert api("POST", f"{path}/domains", {"domain": "*.com"}).json["error"]["details"]["fields"]["domain"]
    assert api("DELETE", f"{path}/domains/{added.json['data']['id']}").status_code == 200
    assert len(api("GET", f"{path}/domains").json["data"]) == 1
    for place in (f"/editors/{tenant.editor.id}", path):
        figures = api("GET", f"{place}/stats", since="2026-11-01", until="2026-11-30").json["data"]
        assert (len(figures["days"]), figures["sessions"], figures["conversion"]) == (30, 0, None)
        assert api("GET", f"{place}/stats", since="2026-11-30", until="2026-11-01").status_code == 422


def test_a_deployment_is_made_renamed_and_taken_back(api: Api, tenant: Tenant) -> None:
    agents = api("GET", f"/editors/{tenant.editor.id}/agents").json["data"]
    body = {"agent_id": agents[0]["id"], "name": "Chantiers"}
    made = api("POST", f"/editors/{tenant.editor.id}/deployments", body)
    assert (made.status_code, made.json["data"]["mode"], made.json["data"]["domains"]) == (201, "shared", [])
    again = api("POST", f"/editors/{tenant.editor.id}/deployments", body)
    assert again.json["error"]["details"]["fields"]["name"]
    path = f"/deployments/{made.json['data']['deployment_key']}"
    changed = api("PUT", path, {"name": "Chantiers neufs", "is_active": False}).json["data"]
    assert (changed["name"], changed["is_active"]) == ("Chantiers neufs", False)
    assert api("POST", f"/editors/{tenant.editor.id}/deployments", body | {"agent_id": "agt_nowhere"}).status_code == 422
    assert api("DELETE", path).json["data"] == {"deleted": True}
    assert api("GET", path).status_code == 404


def test_a_deployment_that_served_is_kept(api: Api, tenant: Tenant) -> None:
    with committing():
        make_link(tenant)
    refused = api("DELETE", f"/deployments/{tenant.deployment.id}")
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "deployment_used")
    assert api("GET", f"/deployments/{tenant.deployment.id}").json["data"]["is_active"]


def test_an_artisan_is_no_editor(api: Api, tenant: Tenant) -> None:
    for path in (f"/editors/{tenant.artisan.id}", f"/editors/{tenant.artisan.id}/deployments", f"/editors/{tenant.artisan.id}/stats"):
        assert api("GET", path).status_code == 404


def test_a_token_is_an_administrators_own(client: FlaskClient, tenant: Tenant) -> None:
    with committing():
        artisans = make_key(tenant.artisan, "artisan")
    assert client.get("/api/admin/editors").json["error"]["code"] == "missing_key"
    assert client.get("/api/admin/editors", headers={"X-API-Key": tenant.api_key}).status_code == 401
    for secret, status in (("aimt_wrong", 401), (tenant.api_key, 403), (artisans, 403)):
        assert Api(client, secret)("GET", "/editors").status_code == status


def test_scopes_revocation_suspension_and_last_use(client: FlaskClient, admin: User, tenant: Tenant) -> None:
    with committing():
        row, secret = create_key(actor_for(admin, "admin"), kind="token", name="Lecture", scopes=["stats.view"])
        key_id = row.id
    narrow = Api(client, secret)
    assert narrow("GET", f"/editors/{tenant.editor.id}/stats").status_code == 200
    for method, path in (("GET", "/editors"), ("GET", f"/deployments/{tenant.deployment.id}"), ("DELETE", f"/editors/{tenant.editor.id}")):
        refused = narrow(method, path)
        assert (refused.status_code, refused.json["error"]["code"]) == (403, "forbidden"), path
    with committing():
        kept = db.session.get_one(ApiKey, key_id)
        assert kept.last_used_at is not None
        db.session.get_one(User, admin.id).status = "suspended"
    assert narrow("GET", f"/editors/{tenant.editor.id}/stats").status_code == 401
    with committing():
        db.session.get_one(User, admin.id).status = "active"
        db.session.get_one(ApiKey, key_id).revoked_at = clock.now()
    assert narrow("GET", f"/editors/{tenant.editor.id}/stats").status_code == 401


def test_a_repeated_post_is_one_editor(api: Api) -> None:
    headers = {**api.headers, "Idempotency-Key": "un"}
    first = api.client.post("/api/admin/editors", json=NEW, headers=headers)
    again = api.client.post("/api/admin/editors", json=NEW, headers=headers)
    assert first.json == again.json and again.headers["Idempotent-Replayed"] == "true"
    assert api("GET", "/editors").json["meta"]["total"] == 1


def test_a_body_that_does_not_say_it_is_json_is_refused(api: Api) -> None:
    answer = api.client.post(
        "/api/admin/editors", data="email=a%40b.fr", headers={**api.headers, "Content-Type": "application/x-www-form-urlencoded"}
    )
    assert (answer.status_code, answer.json["error"]["code"]) == (415, "wrong_type")
