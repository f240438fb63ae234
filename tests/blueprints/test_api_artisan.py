"""The artisan's API through HTTP (003 §17.6): his conversations and his editors, with a personal token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.conversations.models import Session
from app.core import clock
from app.extensions import db
from app.identity.keys import create_key
from app.web.house import House
from tests.factories import actor_for, committing, make_key, make_tie, make_user
from tests.factories.conversations import Tenant, make_tenant


@pytest.fixture
def tenant(house: House) -> Tenant:
    with committing():
        return make_tenant()


class Api:
    """An artisan's program."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: object) -> Any:
        return self.client.get(f"/api/artisan{path}", query_string=query, headers=self.headers)


@pytest.fixture
def api(client: FlaskClient, tenant: Tenant) -> Api:
    with committing():
        return Api(client, make_key(tenant.artisan, "artisan"))


def _talk(tenant: Tenant, artisan_id: str, number: int, **values: Any) -> None:
    at = clock.now() - timedelta(minutes=number)
    db.session.add(
        Session(
            deployment_id=tenant.deployment.id,
            agent_id=tenant.deployment.agent_id,
            editor_id=tenant.editor.id,
            artisan_id=artisan_id,
            title=f"Chantier {number}",
            **{"started_at": at, "last_activity_at": at, **values},
        )
    )


def _walk(api: Api, path: str) -> list[dict[str, Any]]:
    seen, cursor = [], None
    while True:
        page = api.get(path, limit=2, **({"cursor": cursor} if cursor else {})).json
        seen += page["data"]
        cursor = page["meta"]["next_cursor"]
        if cursor is None:
            return seen


def test_his_conversations_page_by_page(api: Api, tenant: Tenant) -> None:
    with committing():
        for number in range(5):
            _talk(tenant, tenant.artisan.id, number)
        _talk(tenant, tenant.artisan.id, 6, started_at=None)
        _talk(tenant, tenant.artisan.id, 7, status="deleted")
        _talk(tenant, make_user("artisan").id, 8)
        _talk(tenant, tenant.artisan.id, 9, status="completed")
    assert [row["title"] for row in _walk(api, "/sessions")] == [f"Chantier {number}" for number in (0, 1, 2, 3, 4, 9)]
    assert [row["title"] for row in api.get("/sessions", status="completed").json["data"]] == ["Chantier 9"]
    assert api.get("/sessions", status="autre").status_code == api.get("/sessions", cursor="x").status_code == 422


def test_his_editors_with_the_state_of_each_tie(api: Api, tenant: Tenant) -> None:
    with committing():
        for number in range(3):
            make_tie(make_user("editeur"), tenant.artisan, f"DUR-{number}")
        make_tie(make_user("editeur"), make_user("artisan"))
    rows = _walk(api, "/editors")
    assert [row["external_id"] for row in rows] == ["DUR-2", "DUR-1", "DUR-0", tenant.tie.external_id]
    assert {row["status"] for row in rows} == {"active"}
    assert api.get("/editors").json["meta"]["total"] == 4


def test_a_token_opens_what_its_scopes_say(client: FlaskClient, tenant: Tenant) -> None:
    with committing():
        secret = create_key(actor_for(tenant.artisan, "artisan"), kind="token", name="Agenda", scopes=["ai-sessions.view_own"])[1]
    api = Api(client, secret)
    assert (api.get("/sessions").status_code, api.get("/editors").status_code) == (200, 403)
    assert Api(client, tenant.api_key).get("/sessions").status_code == 403
    assert client.get("/api/artisan/sessions").status_code == 401
