"""Idle conversations end by themselves, lost replies are taken up (PRODUCT.md, Sessions; ARCHITECTURE.md, A job)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.conversations.models import Message, Session
from app.conversations.sweeping import MAX_ATTEMPTS, sweep_replies, sweep_sessions
from app.core import clock
from app.extensions import db
from app.web.house import House
from app.webhooks.models import Event
from tests.factories import committing
from tests.factories.conversations import Chat, make_tenant, open_chat


@pytest.fixture
def chat(house: House) -> Chat:
    with committing():
        tenant = make_tenant()
    return open_chat(tenant)


def say(client: FlaskClient, chat: Chat, content: str) -> str:
    body = {"content": content, "client_message_id": uuid.uuid4().hex}
    return client.post("/api/widget/v1/message", json=body, headers=chat.headers).json["data"]["message_id"]


def age(chat: Chat, by: timedelta) -> None:
    with committing():
        db.session.execute(update(Session).where(Session.id == chat.session_id).values(last_activity_at=clock.now() - by))


def status_of(chat: Chat) -> tuple[str, str | None]:
    with committing():
        session = db.session.get_one(Session, chat.session_id)
        return session.status, session.completed_reason


def test_idle_after_an_estimate_is_completed_after_half_an_hour(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    for words in ("Salle de bain, 8 m², douche italienne, carrelage mural et sol", "Pas de photos"):
        say(client, chat, words)
        run_jobs()
    age(chat, timedelta(minutes=29))
    assert sweep_sessions() == 0
    age(chat, timedelta(minutes=31))
    assert sweep_sessions() == 1
    assert status_of(chat) == ("completed", "idle")
    assert sweep_sessions() == 0


def test_idle_without_an_estimate_expires_after_a_day(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    say(client, chat, "Bonjour")
    run_jobs()
    age(chat, timedelta(hours=23))
    assert sweep_sessions() == 0
    age(chat, timedelta(hours=25))
    assert sweep_sessions() == 1
    assert status_of(chat) == ("expired", None)


def lapse(reply: str, status: str, attempt: int = 1) -> None:
    with committing():
        db.session.execute(
            update(Message)
            .where(Message.id == reply)
            .values(status=status, attempt=attempt, lease_until=clock.now() - timedelta(seconds=1))
        )


def reply_row(reply: str) -> Message:
    with committing():
        return db.session.scalars(select(Message).where(Message.id == reply)).one()


def test_a_queued_reply_whose_job_was_lost_is_queued_again(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    from app.extensions import redis_client

    reply = say(client, chat, "Bonjour")
    redis_client().flushdb()
    assert sweep_replies() == 0  # its lease still holds
    lapse(reply, "queued")
    assert sweep_replies() == 1
    run_jobs()
    assert (reply_row(reply).status, reply_row(reply).attempt) == ("completed", 1)


def test_a_reply_of_a_dead_worker_is_written_again_and_ends_after_three(
    client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]
) -> None:
    reply = say(client, chat, "Bonjour")
    lapse(reply, "processing")
    assert sweep_replies() == 1
    assert (reply_row(reply).status, reply_row(reply).attempt) == ("queued", 2)
    run_jobs()
    assert reply_row(reply).status == "completed"
    lapse(reply, "processing", MAX_ATTEMPTS)
    assert sweep_replies() == 1
    assert (reply_row(reply).status, reply_row(reply).error) == ("failed", "worker_lost")


def test_an_end_that_waited_for_a_reply_of_a_dead_worker_is_told_all_the_same(client: FlaskClient, chat: Chat) -> None:
    reply = say(client, chat, "Bonjour")
    lapse(reply, "processing", MAX_ATTEMPTS)
    assert client.post(f"/api/widget/v1/session/{chat.session_id}/complete", headers=chat.headers).status_code == 200
    sweep_sessions()
    assert not told_end(chat), "the reply might still bring its estimate"
    assert sweep_replies() == 1
    sweep_sessions()
    sweep_sessions()
    assert told_end(chat) == ["session.completed"]


def told_end(chat: Chat) -> list[str]:
    with committing():
        return list(db.session.scalars(select(Event.type).where(Event.session_id == chat.session_id, Event.type == "session.completed")))
