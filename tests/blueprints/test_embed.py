"""What host pages load: the loader's weight and freshness, who may frame the page, and what an open widget is told."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.agents.models import Agent
from app.conversations.models import Session
from app.core import clock
from app.deployments.models import AllowedDomain, Deployment
from app.extensions import db
from app.identity.models import User
from tests.factories import committing, make_deployment
from tests.factories.conversations import Tenant, make_tenant, open_chat

WIDGET = "/api/widget/v1"
LOADER = "/widget/v1/loader.js"
MAX_LOADER = 4096
HOME = "https://app.ebp.com"
STRANGERS = ("https://evil.com", "https://app.ebp.com.evil.com", "http://app.ebp.com", "https://app.ebp.com:8443", "null")


@pytest.fixture
def tenant(client: FlaskClient) -> Tenant:
    with committing():
        return make_tenant()


def init(client: FlaskClient, tenant: Tenant, **body: Any) -> TestResponse:
    return client.post(f"{WIDGET}/init", json={"deployment_key": tenant.deployment.id, **body}, headers={"Origin": HOME})


def directives(page: TestResponse) -> dict[str, list[str]]:
    policy = page.headers["Content-Security-Policy"]
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


def test_the_loader_is_light_cacheable_and_asks_no_more_than_it_must(client: FlaskClient) -> None:
    plain = client.get(LOADER)
    packed = client.get(LOADER, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.data) == plain.data
    assert len(packed.data) <= MAX_LOADER
    assert packed.mimetype == "text/javascript" and "Accept-Encoding" in packed.headers["Vary"]
    assert "max-age" in plain.headers["Cache-Control"] and "Set-Cookie" not in plain.headers
    assert client.get(LOADER, headers={"If-None-Match": plain.headers["ETag"]}).status_code == 304
    script = plain.get_data(as_text=True)
    # What a strict policy of the host page refuses, or what would let a page's content become code.
    for forbidden in ("eval(", "innerHTML", "document.write", "document.cookie", "Function("):
        assert forbidden not in script


def test_only_the_domains_of_the_deployment_may_frame_its_page(client: FlaskClient, tenant: Tenant) -> None:
    with committing():
        nowhere = make_deployment(tenant.editor, domains=())
        wide = make_deployment(tenant.editor, domains=("*.ebp.com", "localhost"))
    page = client.get(f"/embed/{tenant.deployment.id}", query_string={"origin": HOME})
    assert page.status_code == 200 and directives(page)["frame-ancestors"] == [HOME]
    assert "X-Frame-Options" not in page.headers
    assert "https://*.ebp.com" in directives(client.get(f"/embed/{wide.id}"))["frame-ancestors"]
    assert directives(client.get(f"/embed/{nowhere.id}"))["frame-ancestors"] == ["'none'"]
    unknown = client.get("/embed/dpl_unknown")
    assert unknown.status_code == 404 and directives(unknown)["frame-ancestors"] == ["'none'"]
    with committing():
        db.session.query(AllowedDomain).filter_by(deployment_id=tenant.deployment.id).update({"is_active": False})
    assert directives(client.get(f"/embed/{tenant.deployment.id}"))["frame-ancestors"] == ["'none'"]
    # Every other page stays out of frames.
    login = client.get("/connexion")
    assert login.headers["X-Frame-Options"] == "DENY" and directives(login)["frame-ancestors"] == ["'none'"]


def test_loading_creates_nothing(client: FlaskClient, tenant: Tenant) -> None:
    for path in (LOADER, f"/embed/{tenant.deployment.id}", f"{WIDGET}/config?deployment_key={tenant.deployment.id}"):
        answer = client.get(path, headers={"Origin": HOME})
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    with committing():
        assert db.session.query(Session).filter_by(deployment_id=tenant.deployment.id).count() == 0


def test_a_page_that_is_not_allowed_reads_nothing(client: FlaskClient, tenant: Tenant) -> None:
    look = f"{WIDGET}/config?deployment_key={tenant.deployment.id}"
    allowed = client.get(look, headers={"Origin": HOME})
    assert allowed.headers["Access-Control-Allow-Origin"] == HOME and "Origin" in allowed.headers["Vary"]
    assert "Origin" in client.get(look).headers["Vary"], "a cache must not give one site's answer to another"
    for origin in STRANGERS:
        assert "Access-Control-Allow-Origin" not in client.get(look, headers={"Origin": origin}).headers
    # An allowed page learns that what its browser kept no longer opens anything, and begins again.
    lost = init(client, tenant, resume={"session_id": "sess_x", "session_token": "x"})
    assert lost.status_code in (401, 404) and lost.headers["Access-Control-Allow-Origin"] == HOME


def test_init_gives_all_that_the_page_shows_first(client: FlaskClient, tenant: Tenant) -> None:
    opened = init(client, tenant).json["data"]
    assert (opened["resumed"], opened["messages"], opened["session"]["id"]) == (False, [], opened["session_id"])
    assert opened["limits"]["message_chars"] > 0 and opened["branding"]["primary_color"].startswith("#")
    kept = {"session_id": opened["session_id"], "session_token": opened["session_token"]}
    again = init(client, tenant, resume=kept).json["data"]
    assert again["resumed"] and again["session_id"] == opened["session_id"]


def grow_old(tenant: Tenant, session: Session) -> None:
    session.last_activity_at = clock.now() - timedelta(days=30, minutes=1)


def switch_off(tenant: Tenant, session: Session) -> None:
    db.session.get_one(Deployment, tenant.deployment.id).is_active = False


def retire_agent(tenant: Tenant, session: Session) -> None:
    db.session.get_one(Agent, tenant.deployment.agent_id).is_active = False


def suspend(tenant: Tenant, session: Session) -> None:
    db.session.get_one(User, tenant.editor.id).status = "suspended"


@pytest.mark.parametrize(
    ("close", "status", "code", "words"),
    [
        (grow_old, 410, "session_expired", None),
        (switch_off, 403, "deployment_suspended", "L’assistant est en pause"),
        (retire_agent, 403, "deployment_suspended", "L’assistant est en pause"),
        (suspend, 403, "account_suspended", "L’assistant est suspendu"),
    ],
)
def test_an_open_widget_is_told_what_ended_it(
    client: FlaskClient, tenant: Tenant, close: Callable[[Tenant, Session], None], status: int, code: str, words: str | None
) -> None:
    opened = init(client, tenant).json["data"]
    headers = {"X-Session-ID": opened["session_id"], "Authorization": f"Bearer {opened['session_token']}"}
    state = f"{WIDGET}/session/{opened['session_id']}/state"
    assert client.get(state, headers=headers).json["data"] == {"state": "open"}
    with committing():
        close(tenant, db.session.get_one(Session, opened["session_id"]))
    for answer in (client.get(state, headers=headers), client.post(f"{WIDGET}/message", json={}, headers=headers)):
        assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    page = client.get(f"/embed/{tenant.deployment.id}")
    assert directives(page)["frame-ancestors"] == [HOME], "the reason is shown in the frame too"
    assert page.status_code == (403 if words else 200) and (words or "") in page.get_data(as_text=True)


def test_a_device_that_awaits_its_code_may_ask_the_state_of_its_own_conversation_only(client: FlaskClient, tenant: Tenant) -> None:
    mine, other = open_chat(tenant), open_chat(tenant)
    assert client.get(f"{WIDGET}/session/{mine.session_id}/state", headers=mine.headers).status_code == 200
    assert client.get(f"{WIDGET}/session/{other.session_id}/state", headers=mine.headers).status_code == 404
    assert client.get(f"{WIDGET}/session/{mine.session_id}/state").status_code == 401
