"""What puts itself right: a reply that breaks or is interrupted, a code asked again, an invitation whose job was lost, erased e-mails."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from app.conversations import replies
from app.conversations.models import Message, Session
from app.core import clock
from app.core.jobs import JobInterrupted
from app.core.storage import FolderStorage, StorageUnavailableError
from app.extensions import db, redis_client, settings
from app.identity.models import EditorLink
from app.notifications.invitations import sweep_invitations
from app.notifications.models import EmailMessage
from app.quoting.models import PreQuote
from app.web.house import House
from tests.conversations.test_journey import SENTENCE
from tests.factories import committing
from tests.factories.conversations import Chat, Tenant, make_tenant, open_chat

WIDGET = "/api/widget/v1"


@pytest.fixture
def tenant(house: House) -> Tenant:
    with committing():
        return make_tenant()


@pytest.fixture
def chat(tenant: Tenant) -> Chat:
    return open_chat(tenant)


def say(client: FlaskClient, chat: Chat, content: str = "Bonjour") -> str:
    body = {"content": content, "client_message_id": uuid.uuid4().hex}
    return client.post(f"{WIDGET}/message", json=body, headers=chat.headers).json["data"]["message_id"]


def reply_row(reply: str) -> Message:
    with committing():
        return db.session.scalars(select(Message).where(Message.id == reply)).one()


def test_a_reply_that_breaks_is_told_at_once_and_can_be_tried_again(
    client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise KeyError("a bug of ours")

    reply = say(client, chat)
    with monkeypatch.context() as patched:
        patched.setattr(replies, "answer", broken)
        run_jobs()
    assert (reply_row(reply).status, reply_row(reply).error) == ("failed", "unknown")
    assert client.post(f"{WIDGET}/message/{reply}/retry", headers=chat.headers).status_code == 200
    run_jobs()
    assert reply_row(reply).status == "completed"


def test_what_was_answered_since_is_not_tried_again(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    first = say(client, chat, SENTENCE)
    assert client.post(f"{WIDGET}/message/{first}/stop", headers=chat.headers).status_code == 200
    say(client, chat, "Finalement 10 m², et je n’ai pas de photo.")
    run_jobs()
    with committing():
        assert [quote.version for quote in db.session.scalars(select(PreQuote))] == [1]
    late = client.post(f"{WIDGET}/message/{first}/retry", headers=chat.headers)
    assert (late.status_code, late.json["error"]["code"]) == (409, "answered_since")


def test_a_reply_whose_worker_must_stop_is_queued_again_under_the_next_attempt(
    client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> NoReturn:
        raise JobInterrupted

    reply = say(client, chat)
    with monkeypatch.context() as patched:
        patched.setattr(replies, "answer", stopped)
        with pytest.raises(JobInterrupted):
            run_jobs()
    assert (reply_row(reply).status, reply_row(reply).attempt) == ("queued", 2)
    run_jobs()
    assert (reply_row(reply).status, reply_row(reply).attempt) == ("completed", 2)


def codes() -> list[str]:
    with committing():
        texts = db.session.scalars(
            select(EmailMessage.text).where(EmailMessage.kind == "session_code").order_by(EmailMessage.created_at)
        ).all()
    return [found.group() for body in texts if (found := re.search(r"\d{3}\s\d{3}", body))]


def test_another_code_replaces_the_first(client: FlaskClient, chat: Chat) -> None:
    say(client, chat)
    client.post(f"{WIDGET}/session/{chat.session_id}/transcript", json={"email": "martin@exemple.fr"}, headers=chat.headers)
    opened = client.post(f"/s/{chat.token}/session", json={}).json["data"]
    assert opened["needs_code"] and opened["email_hint"] == "m•••@exemple.fr"
    headers = {"X-Session-ID": opened["session_id"], "Authorization": f"Bearer {opened['session_token']}"}
    path = f"{WIDGET}/session/{chat.session_id}/code"
    again = client.post(path, json={"resend": True}, headers=headers)
    assert again.json["data"] == {"sent": True, "session": None, "messages": []}
    first, second = codes()
    if first != second:
        assert client.post(path, json={"code": first}, headers=headers).status_code == 422
    assert client.post(path, json={"code": second}, headers=headers).json["data"]["messages"]


def test_a_code_lives_a_quarter_of_an_hour(client: FlaskClient, chat: Chat) -> None:
    say(client, chat)
    client.post(f"{WIDGET}/session/{chat.session_id}/transcript", json={"email": "martin@exemple.fr"}, headers=chat.headers)
    opened = client.post(f"/s/{chat.token}/session", json={}).json["data"]
    headers = {"X-Session-ID": opened["session_id"], "Authorization": f"Bearer {opened['session_token']}"}
    with clock.freeze(clock.now() + timedelta(minutes=16)):
        late = client.post(f"{WIDGET}/session/{chat.session_id}/code", json={"code": codes()[0]}, headers=headers)
    assert late.status_code == 422


def test_an_invitation_whose_job_was_lost_is_sent(client: FlaskClient, tenant: Tenant, run_jobs: Callable[[], list[str]]) -> None:
    body = {"email": "paul@exemple.fr", "external_id": "PAUL", "name": "Paul"}
    for number, invite in enumerate((True, False)):
        sent = body | {"email": f"paul{number}@exemple.fr", "external_id": f"PAUL-{number}", "send_invitation": invite}
        assert client.post("/api/editor/artisans/create-and-link", json=sent, headers={"X-API-Key": tenant.api_key}).status_code == 202
    redis_client().flushdb()
    sweep_invitations()
    assert run_jobs() == []
    with committing():
        db.session.execute(
            update(EditorLink).where(EditorLink.invite_due_at.is_not(None)).values(invite_due_at=clock.now() - timedelta(minutes=3))
        )
    for _ in range(2):
        sweep_invitations()
        run_jobs()
    with committing():
        invited = db.session.scalars(select(EmailMessage.recipient).where(EmailMessage.kind == "invitation")).all()
    assert invited == ["paul0@exemple.fr"]


def traces(word: str) -> list[str]:
    """The tables with a row that holds a word."""
    with committing():
        return [
            name
            for name in db.metadata.tables
            if db.session.scalar(text(f"SELECT count(*) FROM {name} t WHERE t::text LIKE :word"), {"word": f"%{word}%"})
        ]


def test_deleting_erases_what_was_told_of_it_even_if_redis_forgets_its_jobs(
    client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]
) -> None:
    with committing():
        db.session.execute(update(Session).where(Session.id == chat.session_id).values(visitor_name="Mme AUBERGINE"))
    say(client, chat, "Le mot secret est AUBERGINE")
    run_jobs()
    own = f"{WIDGET}/session/{chat.session_id}"
    client.post(f"{own}/transcript", json={"email": "aubergine@exemple.fr"}, headers=chat.headers)
    client.post(f"{own}/contact", headers=chat.headers)
    run_jobs()
    assert set(traces("AUBERGINE")) >= {"messages", "emails", "notifications"} and "single_use_tokens" in traces("aubergine@")
    assert client.delete(own, headers=chat.headers).status_code == 200
    redis_client().flushdb()
    assert traces("AUBERGINE") == traces("aubergine@") == []


def store_is_away(*_: object) -> NoReturn:
    raise StorageUnavailableError("away")


def test_photos_that_cannot_be_erased_are_not_said_to_be(client: FlaskClient, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    form = {"file": (io.BytesIO(b"%PDF-1.4\n"), "plan.pdf")}
    photo = client.post(f"{WIDGET}/upload", data=form, headers=chat.headers).json["data"]["file_id"]
    own = f"{WIDGET}/session/{chat.session_id}"
    with monkeypatch.context() as patched:
        patched.setattr(FolderStorage, "delete_prefix", store_is_away)
        patched.setitem(client.application.config, "PROPAGATE_EXCEPTIONS", False)
        assert client.delete(own, headers=chat.headers).status_code == 500
    assert client.get(f"{WIDGET}/files/{photo}", headers=chat.headers).status_code == 200
    assert client.delete(own, headers=chat.headers).status_code == 200
    assert not [path for path in settings().data_dir.rglob("*") if photo in path.name]
