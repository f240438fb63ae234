"""Limits of the plan, the day and the link; alerts; the calendar of Paris (PRODUCT.md, Limits, Time)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from app.billing.alerts import tell_alerts
from app.billing.plans import Terms, limits_of, subscribe
from app.billing.quotas import begins, next_month
from app.core import acting, clock
from app.core.acting import Actor
from app.core.transaction import transaction
from app.deployments.models import Deployment
from app.extensions import db
from app.identity.models import EditorLink, User
from app.web.house import House
from tests.factories import actor_for, committing
from tests.factories.conversations import Chat, Tenant, make_tenant, open_chat

NOON = datetime(2026, 11, 21, 11, tzinfo=UTC)


def tenant_with(**overrides: int | None) -> Tenant:
    """A tenant whose plan gives no more than `overrides`."""
    with committing():
        tenant = make_tenant()
        subscribe(tenant.editor.id, Terms("pln_enterprise", overrides))
        for part in (tenant.editor, tenant.artisan, tenant.tie, tenant.deployment):
            db.session.refresh(part)
        db.session.expunge_all()
    return tenant


def say(client: FlaskClient, chat: Chat, content: str = "Bonjour") -> TestResponse:
    body = {"content": content, "client_message_id": uuid.uuid4().hex}
    return client.post("/api/widget/v1/message", json=body, headers=chat.headers)


def refused(response: TestResponse, code: str) -> TestResponse:
    assert response.status_code == 429, response.text
    assert response.get_json()["error"]["code"] == code
    assert int(response.headers["Retry-After"]) > 0
    return response


def ask(query: str, **values: object) -> Any:
    with committing():
        return db.session.execute(text(query), values).all()


def limit_day(tenant: Tenant, **values: int) -> None:
    with committing():
        db.session.execute(update(Deployment).where(Deployment.id == tenant.deployment.id).values(values))


def test_a_session_counts_at_its_first_message(house: House, client: FlaskClient) -> None:
    tenant = tenant_with()
    with clock.freeze(NOON):
        silent, talker = open_chat(tenant), open_chat(tenant)
        assert say(client, talker).status_code == say(client, talker).status_code == 202
    assert ask("SELECT tenant_id, month, sessions, messages FROM usage_counters") == [(tenant.editor.id, "2026-11", 1, 2)]
    assert ask("SELECT deployment_id, day::text, editor_id, sessions, messages FROM deployment_usage") == [
        (tenant.deployment.id, "2026-11-21", tenant.editor.id, 1, 2)
    ]
    assert ask("SELECT editor_link_id, month, sessions FROM link_usage") == [(tenant.tie.id, "2026-11", 1)]
    assert ask("SELECT started_at FROM sessions WHERE id = :id", id=silent.session_id) == [(None,)]


def test_a_message_sent_twice_counts_once(house: House, client: FlaskClient) -> None:
    tenant = tenant_with(messages_month=1)
    chat, body = open_chat(tenant), {"content": "Bonjour", "client_message_id": uuid.uuid4().hex}
    answers = [client.post("/api/widget/v1/message", json=body, headers=chat.headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert len({answer.get_json()["data"]["user_message_id"] for answer in answers}) == 1
    assert ask("SELECT sessions, messages FROM usage_counters") == [(1, 1)]


def test_sessions_of_the_plan(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    tenant = tenant_with(sessions_month=1)
    known, late = open_chat(tenant), open_chat(tenant)
    assert say(client, known).status_code == 202
    before = ask("SELECT count(*) FROM messages") + ask("SELECT count(*) FROM events")
    run_jobs()
    after = ask("SELECT count(*) FROM events")
    with clock.freeze(NOON):
        answer = refused(say(client, late), "quota_exceeded")
    assert int(answer.headers["Retry-After"]) == (datetime(2026, 11, 30, 23, tzinfo=UTC) - NOON).total_seconds()
    assert before[0][0] == 2
    assert ask("SELECT count(*) FROM messages WHERE session_id = :id", id=late.session_id) == [(0,)]
    assert ask("SELECT started_at, messages_count FROM sessions WHERE id = :id", id=late.session_id) == [(None, 0)]
    assert ask("SELECT count(*) FROM events") == after
    assert run_jobs() == [], "a refused message leaves no job"
    assert say(client, known, "Et encore").status_code == 202, "a conversation that began goes on"


def test_messages_of_the_plan(house: House, client: FlaskClient) -> None:
    tenant = tenant_with(messages_month=2)
    chat = open_chat(tenant)
    assert [say(client, chat).status_code for _ in range(2)] == [202, 202]
    refused(say(client, chat), "quota_exceeded")
    assert ask("SELECT sessions, messages FROM usage_counters") == [(1, 2)]


def test_a_day_of_the_deployment(house: House, client: FlaskClient) -> None:
    tenant = tenant_with()
    limit_day(tenant, max_sessions_day=1, max_messages_day=2)
    with clock.freeze(datetime(2026, 11, 21, 22, 30, tzinfo=UTC)):
        one, other = open_chat(tenant), open_chat(tenant)
        assert say(client, one).status_code == 202
        answer = refused(say(client, other), "deployment_quota_exceeded")
        assert answer.headers["Retry-After"] == "1800", "until midnight in Paris"
        assert say(client, one).status_code == 202
        refused(say(client, one), "deployment_quota_exceeded")
        assert ask("SELECT sessions, messages FROM usage_counters") == [(1, 2)], "what the day refused is not the month's either"
    with clock.freeze(datetime(2026, 11, 21, 23, 0, tzinfo=UTC)):
        assert say(client, other).status_code == 202


def test_sessions_of_a_link(house: House, client: FlaskClient) -> None:
    tenant = tenant_with()
    with committing():
        db.session.execute(
            update(EditorLink)
            .where(EditorLink.id == tenant.tie.id)
            .values(permissions={"can_create_sessions": True, "max_sessions_month": 1})
        )
    with clock.freeze(NOON):
        one, other = open_chat(tenant), open_chat(tenant)
        assert [say(client, one).status_code for _ in range(3)] == [202, 202, 202]
        refused(say(client, other), "link_quota_exceeded")
        assert ask("SELECT sessions FROM usage_counters") == ask("SELECT sessions FROM deployment_usage") == [(1,)]
    with clock.freeze(datetime(2026, 12, 1, tzinfo=UTC)), committing():
        db.session.execute(text("UPDATE session_links SET expires_at = now() + interval '9 years'"))
    with clock.freeze(datetime(2026, 12, 1, tzinfo=UTC)):
        assert say(client, other).status_code == 202


def test_the_visitor_is_told_whom_to_call(house: House, client: FlaskClient) -> None:
    tenant = tenant_with(messages_month=1)
    chat = open_chat(tenant)
    say(client, chat)
    error = refused(say(client, chat), "quota_exceeded").get_json()["error"]
    assert (
        "06 12 34 56 78" in error["message"].replace("\u202f", " ").replace("\u00a0", " ")
        and tenant.artisan.display_name in error["message"]
    )
    assert error["details"]["artisan_name"] == tenant.artisan.display_name
    with committing():
        db.session.execute(update(User).where(User.id == tenant.artisan.id).values(company_info={}))
        db.session.execute(update(EditorLink).where(EditorLink.id == tenant.tie.id).values(artisan_phone=None))
    error = refused(say(client, chat), "quota_exceeded").get_json()["error"]
    assert error["details"]["phone"] is None and "Contactez" in error["message"]


def test_without_a_plan_nothing_is_limited(house: House, client: FlaskClient) -> None:
    with committing():
        tenant = make_tenant()
        assert limits_of(tenant.editor.id) is None
        db.session.refresh(tenant.tie)
        db.session.expunge_all()
    chat = open_chat(tenant)
    assert [say(client, chat).status_code for _ in range(3)] == [202, 202, 202]


@pytest.mark.parametrize(
    ("moment", "month", "day"),
    [
        ("2026-11-30T22:59:59+00:00", "2026-11", "2026-11-30"),
        ("2026-11-30T23:00:00+00:00", "2026-12", "2026-12-01"),
        ("2026-12-29T12:00:00+00:00", "2026-12", "2026-12-29"),
        ("2026-12-30T23:30:00+00:00", "2026-12", "2026-12-31"),
        ("2026-12-31T22:59:59+00:00", "2026-12", "2026-12-31"),
        ("2026-12-31T23:00:00+00:00", "2027-01", "2027-01-01"),
        ("2026-03-31T21:59:59+00:00", "2026-03", "2026-03-31"),
        ("2026-03-31T22:00:00+00:00", "2026-04", "2026-04-01"),
    ],
)
def test_months_and_days_are_those_of_paris(house: House, client: FlaskClient, moment: str, month: str, day: str) -> None:
    tenant = tenant_with()
    chat = open_chat(tenant)
    with clock.freeze(datetime.fromisoformat(moment)):
        assert say(client, chat).status_code == 202
    assert ask("SELECT month FROM usage_counters") == [(month,)]
    assert ask("SELECT day::text FROM deployment_usage") == [(day,)]


def test_days_have_twenty_three_to_twenty_five_hours() -> None:
    hours = {
        day: (begins(datetime.fromisoformat(day).date() + timedelta(days=1)) - begins(datetime.fromisoformat(day).date())).total_seconds()
        / 3600
        for day in ("2026-03-29", "2026-10-25", "2026-11-21", "2026-12-31")
    }
    assert hours == {"2026-03-29": 23, "2026-10-25": 25, "2026-11-21": 24, "2026-12-31": 24}
    assert next_month(datetime(2026, 12, 29).date()).isoformat() == "2027-01-01"
    assert next_month(datetime(2027, 1, 31).date()).isoformat() == "2027-02-01"


def test_a_new_month_begins_at_nothing(house: House, client: FlaskClient) -> None:
    tenant = tenant_with(sessions_month=1)
    with committing():
        db.session.execute(text("UPDATE session_links SET expires_at = now() + interval '9 years'"))
    one, other, third = open_chat(tenant), open_chat(tenant), open_chat(tenant)
    with clock.freeze(datetime(2026, 11, 30, 22, 59, tzinfo=UTC)):
        assert say(client, one).status_code == 202
        assert refused(say(client, other), "quota_exceeded").headers["Retry-After"] == "60"
    with clock.freeze(datetime(2026, 11, 30, 23, 0, tzinfo=UTC)):
        assert say(client, other).status_code == 202
        refused(say(client, third), "quota_exceeded")
    assert ask("SELECT month, sessions FROM usage_counters ORDER BY month") == [("2026-11", 1), ("2026-12", 1)]


def told(editor: User) -> list[str]:
    return [
        row.title for row in ask("SELECT title FROM notifications WHERE kind = 'quota' AND user_id = :id ORDER BY created_at", id=editor.id)
    ]


def test_alerts_at_80_90_and_100_once_each(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    tenant = tenant_with(messages_month=10)
    chat = open_chat(tenant)
    seen = []
    for number in range(1, 11):
        assert say(client, chat).status_code == 202
        run_jobs()
        seen.append((number, len(told(tenant.editor))))
    assert seen[6:] == [(7, 0), (8, 1), (9, 2), (10, 3)]
    refused(say(client, chat), "quota_exceeded")
    run_jobs()
    assert tell_alerts() == 0
    assert told(tenant.editor) == [
        "Messages : 80 % de votre forfait",
        "Messages : 90 % de votre forfait",
        "Messages : votre forfait est atteint",
    ]
    mails = ask("SELECT text FROM emails WHERE kind = 'quota' ORDER BY created_at")
    assert len(mails) == 3 and "8 messages sur 10" in mails[0].text.replace("\u202f", " ").replace("\u00a0", " ")


def test_levels_reached_by_one_message_are_told_as_one(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    tenant = tenant_with(sessions_month=1)
    say(client, open_chat(tenant))
    run_jobs()
    assert told(tenant.editor) == ["Conversations : votre forfait est atteint"]
    assert ask("SELECT count(*) FROM quota_alerts WHERE told_at IS NOT NULL") == [(3,)]


def test_other_terms_are_settled_at_once(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    tenant = tenant_with(messages_month=2)
    chat = open_chat(tenant)
    for _ in range(2):
        say(client, chat)
    refused(say(client, chat), "quota_exceeded")
    run_jobs()
    with committing():
        subscribe(tenant.editor.id, Terms("pln_enterprise", {"messages_month": 4}))
    assert ask("SELECT count(*) FROM quota_alerts") == [(0,)], "half of the new limit"
    assert [say(client, chat).status_code for _ in range(2)] == [202, 202]
    run_jobs()
    assert len(told(tenant.editor)) == 2, "the limit was reached, then the new one"
    with committing():
        subscribe(tenant.editor.id, Terms("pln_enterprise", {"messages_month": None}))
    assert say(client, chat).status_code == 202


def passes(actor: Actor, statement: str, **values: object) -> bool:
    try:
        with transaction(actor):
            return db.session.execute(text(statement), values).rowcount > 0
    except DBAPIError:
        return False


def test_nobody_writes_a_counter_nor_reads_anothers(house: House, client: FlaskClient) -> None:
    tenant, other = tenant_with(messages_month=5), tenant_with(messages_month=5)
    chat = open_chat(tenant)
    say(client, chat)
    for _ in range(4):
        say(client, open_chat(other))
    with committing():
        editor, artisan = actor_for(tenant.editor, "editeur"), actor_for(tenant.artisan, "artisan")
    visitor = chat.link.actor(chat.session_id)
    tables = {"usage_counters": "tenant_id", "deployment_usage": "editor_id", "link_usage": "editor_id", "quota_alerts": "tenant_id"}
    for table, column in tables.items():
        for actor in (editor, artisan, visitor):
            with transaction(actor):
                owners = set(db.session.scalars(text(f"SELECT {column} FROM {table}")))
            assert owners <= {tenant.editor.id}, table
            assert not passes(actor, f"DELETE FROM {table}")
    with transaction(visitor):
        for table in (*tables, "plans", "subscriptions"):
            assert db.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
    with transaction(editor):
        assert db.session.scalar(text("SELECT count(*) FROM subscriptions")) == 1
        assert db.session.scalar(text("SELECT sum(messages) FROM usage_counters")) == 1
    for actor in (editor, artisan, visitor):
        assert not passes(actor, "UPDATE usage_counters SET messages = 0")
        assert not passes(actor, "UPDATE subscriptions SET overrides = '{}'")
        assert not passes(actor, "UPDATE plans SET messages_month = NULL")
    spend = "SELECT * FROM spend_quota('2026-11', '2026-11-21', 1)"
    for actor in (editor, artisan, acting.door(), acting.platform("sweep")):
        assert not passes(actor, spend)
    assert passes(visitor, spend)
