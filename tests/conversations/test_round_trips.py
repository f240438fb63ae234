"""What a message asks of PostgreSQL, in how few statements, and that fewer say the same (PERFORMANCE.md)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask.testing import FlaskClient
from rq import Queue
from sqlalchemy import select, text

from app.billing.quotas import spending
from app.conversations import posting
from app.conversations.models import Message, Session
from app.conversations.opening import find_holder
from app.conversations.replies import write_reply
from app.core.acting import _SETTINGS, confine, current_actor, door, tell
from app.core.errors import NotFoundError
from app.core.jobs import SERIALIZER
from app.core.transaction import transaction
from app.extensions import db, redis_client
from app.web.house import House
from app.webhooks.models import Event
from tests.factories import committing
from tests.factories.conversations import Chat, make_tenant, open_chat
from tests.support.statements import asked, sent

WIDGET = "/api/widget/v1"


@pytest.fixture
def chat(house: House) -> Chat:
    with committing():
        tenant = make_tenant()
    return open_chat(tenant)


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is sent to PostgreSQL meanwhile, but for what the tests themselves say (`_tell_doors`) and do (savepoints)."""
    told: list[str] = []
    with sent() as seen:
        yield told
    told += asked(seen)
    assert told.pop(0).startswith("SELECT set_config"), "a door is told in tests only"


def say(client: FlaskClient, chat: Chat, key: str | None = None) -> dict[str, str]:
    body = {"content": "Bonjour", "client_message_id": key or uuid.uuid4().hex}
    answer = client.post(f"{WIDGET}/message", json=body, headers=chat.headers)
    assert answer.status_code == 202, answer.json
    return answer.json["data"]


def settings() -> list[str]:
    names = (*(f"app.{name}" for name in _SETTINGS), "plan_cache_mode")
    return list(db.session.execute(text("SELECT " + ", ".join(f"current_setting('{name}')" for name in names))).one())


def test_a_message_is_three_statements(client: FlaskClient, chat: Chat) -> None:
    for _ in ("the first, which begins the session", "another"):
        with statements() as seen:
            say(client, chat)
        assert len(seen) == 3, "who comes in, the session locked, and all that is written"
        assert len(seen[-1]) <= 4096, "beyond, psycopg converts it anew each time"


def test_psycopg_remembers_how_to_send_the_values_of_a_message_and_of_its_reply(client: FlaskClient, chat: Chat) -> None:
    with sent() as seen:
        reply_id = say(client, chat)["message_id"]
    assert 40 < max(len(one.values) for one in seen) <= 50
    with sent() as seen:
        write(reply_id, chat)
    assert 40 < max(len(one.values) for one in seen) <= 50


def test_a_reply_is_claimed_in_two_statements_and_kept_in_three(client: FlaskClient, chat: Chat) -> None:
    write(say(client, chat)["message_id"], chat)  # models and prices are known from then on
    reply_id = say(client, chat)["message_id"]
    with statements() as seen:
        write(reply_id, chat)
    assert [statement.split(" ", 1)[0].strip() for statement in seen] == ["UPDATE", "SELECT", "SELECT", "WITH"]
    assert all(len(statement) <= 4096 for statement in seen), "beyond, psycopg converts it anew each time"


def test_the_next_reply_of_a_conversation_is_queued_when_the_first_has_ended(client: FlaskClient, chat: Chat) -> None:
    first, second = say(client, chat)["message_id"], say(client, chat)["message_id"]
    queue = Queue("chat", connection=redis_client(), serializer=SERIALIZER)
    queue.empty()
    write(second, chat)
    assert (status(second), queue.count) == ("queued", 0), "it waits for the first"
    write(first, chat)
    assert (status(first), queue.count) == ("completed", 1)
    write(second, chat)
    assert (status(second), queue.count) == ("completed", 1), "nobody waits behind the second"


def write(reply_id: str, chat: Chat) -> None:
    write_reply(reply_id, 1, chat.link.editor_id, chat.link.artisan_id)


def status(reply_id: str) -> str:
    with committing():
        return db.session.get_one(Message, reply_id).status


def test_following_a_reply_is_two_statements(client: FlaskClient, chat: Chat) -> None:
    reply_id = say(client, chat)["message_id"]
    with statements() as seen:
        answer = client.get(f"{WIDGET}/message/{reply_id}/stream", headers=chat.headers)
        next(iter(answer.response))
    answer.close()
    assert len(seen) == 2


def test_the_door_tells_what_would_be_told_after_it(chat: Chat) -> None:
    with transaction(door()):
        actor = find_holder(chat.session_id, chat.secret).actor
        assert current_actor() == actor
        by_the_door = settings()
        tell(db.session.connection(), actor)
        assert settings() == by_the_door
    assert "visitor" in by_the_door and chat.session_id in by_the_door


def test_a_door_of_another_editor_s_host_tells_nothing(chat: Chat) -> None:
    confine("usr_somebody_else")
    try:
        with transaction(door()) as tx:
            tx.rollback_only = True
            before = settings_or_none()
            with pytest.raises(NotFoundError):
                find_holder(chat.session_id, chat.secret)
            assert (settings_or_none(), current_actor().kind) == (before, "door")
    finally:
        confine(None)


def settings_or_none() -> list[str | None]:
    return list(db.session.execute(text("SELECT " + ", ".join(f"current_setting('app.{name}', true)" for name in _SETTINGS))).one())


def test_a_message_kept_before_writes_and_counts_nothing(client: FlaskClient, chat: Chat) -> None:
    first = say(client, chat, "cle-unique-1")

    def everything() -> list[object]:
        with committing():
            session = db.session.get_one(Session, chat.session_id)
            rows = [db.session.scalars(select(model.id).where(model.session_id == chat.session_id)).all() for model in (Message, Event)]
            used = db.session.execute(text("SELECT sessions, messages FROM deployment_usage")).all()
            return [session.messages_count, session.last_activity_at, *rows, used]

    before = everything()
    assert say(client, chat, "cle-unique-1") == first
    assert everything() == before


def test_a_message_comes_before_its_reply(client: FlaskClient, chat: Chat) -> None:
    ids = [(told["user_message_id"], told["message_id"]) for told in (say(client, chat), say(client, chat))]
    with committing():
        kept = db.session.execute(
            select(Message.id, Message.reply_to).where(Message.session_id == chat.session_id).order_by(Message.position)
        )
        assert kept.all() == [row for message, reply in ids for row in ((message, None), (reply, message))]


def test_the_limits_are_counted_after_everything_is_written() -> None:
    """They are shared by a whole tenant: taken before, their locks would last as long as the rest of the message."""
    statement = posting._statement(("status",), (("message", ("id",)), ("reply", ("id",)), ("event0", ("id",))))
    whole = str(statement)
    assert set(spending(first=True)) <= set(statement.compile().params)
    assert whole.index("spend_quota") > max(whole.rindex(word) for word in ("INSERT", "UPDATE", "RETURNING"))
    assert all(f"JOIN {part} ON" in whole for part in ("session", "reply", "event0")), "each is done when a row is counted"
