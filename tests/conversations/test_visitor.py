"""What a visitor does, through HTTP: nothing is doubled, nothing is lost, nothing opens to another (LESSONS.md)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.conversations import service
from app.conversations.links import revoke_link
from app.conversations.models import Message, Session, SessionLink
from app.core import clock
from app.extensions import db
from app.files.models import File
from app.identity.models import User
from app.notifications.models import EmailMessage, Notification
from app.web.house import House
from app.webhooks.models import Event
from tests.factories import committing
from tests.factories.conversations import Chat, Tenant, make_tenant, open_chat

WIDGET = "/api/widget/v1"
BATHROOM = "Je veux refaire ma salle de bain, 8 m², douche italienne, carrelage mural et sol. Je n’ai pas de photos."


@pytest.fixture
def tenant(house: House) -> Tenant:
    with committing():
        return make_tenant()


@pytest.fixture
def chat(tenant: Tenant) -> Chat:
    return open_chat(tenant)


def say(client: FlaskClient, chat: Chat, content: str, key: str | None = None) -> dict[str, str]:
    body = {"content": content, "client_message_id": key or uuid.uuid4().hex}
    answer = client.post(f"{WIDGET}/message", json=body, headers=chat.headers)
    assert answer.status_code == 202, answer.json
    return answer.json["data"]


def own(client: FlaskClient, chat: Chat, verb: str, body: dict[str, object] | None = None, method: str = "POST") -> object:
    return client.open(f"{WIDGET}/session/{chat.session_id}{verb}", method=method, json=body, headers=chat.headers)


def quoted(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> str:
    """Talk until there is a pre-quote; its id."""
    for words in (BATHROOM, "Non, pas de photos"):
        say(client, chat, words)
        run_jobs()
    messages = own(client, chat, "/messages", method="GET").json["data"]["messages"]
    return next(m["pre_quote"]["id"] for m in reversed(messages) if m["pre_quote"])


def count(model: type, *conditions: object) -> int:
    with committing():
        return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def test_reading_the_page_creates_nothing(client: FlaskClient, tenant: Tenant, chat: Chat) -> None:
    before = count(Session)
    for _ in range(3):
        assert client.get(f"/s/{chat.token}").status_code == 200
    assert count(Session) == before


def test_the_same_message_is_kept_once(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    first = say(client, chat, "Bonjour", "cle-unique-1")
    again = say(client, chat, "Bonjour", "cle-unique-1")
    assert first["message_id"] == again["message_id"]
    run_jobs()
    assert say(client, chat, "Bonjour", "cle-unique-1")["status"] == "completed"
    assert count(Message, Message.session_id == chat.session_id) == 2
    assert count(Event, Event.session_id == chat.session_id, Event.type == "session.started") == 1


def test_replies_of_one_conversation_wait_for_each_other(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    first, second = say(client, chat, "Bonjour"), say(client, chat, "Je veux repeindre mon salon")
    assert (first["position"], second["position"]) == (0, 1)
    run_jobs()
    messages = own(client, chat, "/messages", method="GET").json["data"]["messages"]
    assert [m["status"] for m in messages] == ["completed"] * 4


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"content": "", "client_message_id": "abcdefgh"}, 422, "message_empty"),
        ({"content": "x" * 4001, "client_message_id": "abcdefgh"}, 422, "message_too_long"),
        ({"content": "x"}, 422, "invalid"),
        ({"content": "x", "client_message_id": "court"}, 422, "invalid"),
        ({"content": 3, "client_message_id": "abcdefgh"}, 422, "invalid"),
        ({"content": "x", "client_message_id": "abcdefgh", "file_ids": "file_1"}, 422, "invalid"),
    ],
)
def test_a_bad_message_is_refused_by_its_field(client: FlaskClient, chat: Chat, body: dict[str, object], status: int, code: str) -> None:
    answer = client.post(f"{WIDGET}/message", json=body, headers=chat.headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert answer.json["error"]["message"] and answer.json["error"]["details"]["fields"]


def test_a_bot_cannot_spend(client: FlaskClient, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_MESSAGES", 2)
    say(client, chat, "un"), say(client, chat, "deux")
    answer = client.post(f"{WIDGET}/message", json={"content": "trois", "client_message_id": "abcdefgh"}, headers=chat.headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (429, "message_limit_reached")
    assert int(answer.headers["Retry-After"]) > 0
    monkeypatch.setattr(service, "MAX_MESSAGES", 120)
    with committing():
        db.session.execute(update(Session).where(Session.id == chat.session_id).values(tokens_used=service.MAX_SESSION_TOKENS))
    answer = client.post(f"{WIDGET}/message", json={"content": "trois", "client_message_id": "abcdefgh"}, headers=chat.headers)
    assert answer.status_code == 429


def test_finishing_is_told_once_and_a_later_message_reopens(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    assert own(client, chat, "/complete").status_code == 409
    say(client, chat, "Bonjour")
    run_jobs()
    for _ in range(2):
        assert own(client, chat, "/complete").json["data"]["status"] == "completed"
    assert count(Event, Event.session_id == chat.session_id, Event.type == "session.completed") == 1
    say(client, chat, "Encore une chose")
    assert own(client, chat, "/messages", method="GET").json["data"]["session"]["status"] == "open"


def told(chat: Chat) -> list[str]:
    with committing():
        return list(db.session.scalars(select(Event.type).where(Event.session_id == chat.session_id).order_by(Event.created_at, Event.id)))


def test_an_end_during_an_answer_is_told_after_it_with_its_estimate(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    say(client, chat, BATHROOM), say(client, chat, "Non, pas de photos")
    assert own(client, chat, "/complete").json["data"]["status"] == "completed"
    assert "session.completed" not in told(chat)
    run_jobs()
    events = told(chat)
    assert events.count("session.completed") == 1 and events.index("project.created") < events.index("session.completed")
    with committing():
        end = db.session.scalars(select(Event).where(Event.session_id == chat.session_id, Event.type == "session.completed")).one()
        assert json.loads(end.body)["data"]["pre_quote"] is not None
        assert db.session.get_one(Session, chat.session_id).completed_at is not None


def test_an_end_is_told_when_the_answer_it_waited_for_is_stopped(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    reply = say(client, chat, "Bonjour")["message_id"]
    own(client, chat, "/complete")
    assert client.post(f"{WIDGET}/message/{reply}/stop", headers=chat.headers).status_code == 200
    run_jobs()
    assert told(chat).count("session.completed") == 1


def test_accepting_the_last_estimate(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    old = quoted(client, chat, run_jobs)
    say(client, chat, "Finalement 10 m²")
    run_jobs()
    refused = own(client, chat, "/accept", {"pre_quote_id": old})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "newer_version")
    messages = own(client, chat, "/messages", method="GET").json["data"]["messages"]
    newest = [m["pre_quote"] for m in messages if m["pre_quote"]][-1]
    assert newest["version"] == 2
    accepted = own(client, chat, "/accept", {"pre_quote_id": newest["id"]}).json["data"]
    assert accepted["session"]["status"] == "completed"
    assert [m["pre_quote"]["accepted_at"] is not None for m in accepted["messages"] if m["pre_quote"]] == [False, True]
    assert count(Event, Event.session_id == chat.session_id, Event.type == "project.updated") == 1


def test_the_artisan_is_told(client: FlaskClient, tenant: Tenant, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    quoted(client, chat, run_jobs)
    contact = own(client, chat, "/contact").json["data"]
    assert contact["phone"] == "06 12 34 56 78"
    own(client, chat, "/contact")
    own(client, chat, "/complete")
    run_jobs()
    with committing():
        told = sorted(db.session.scalars(select(Notification.kind).where(Notification.user_id == tenant.artisan.id)))
        mailed = db.session.scalars(select(EmailMessage.kind).where(EmailMessage.recipient == tenant.artisan.email)).all()
    assert told == ["contact_asked", "project_created", "session_completed"]
    assert sorted(mailed) == told


def test_a_second_device_continues_and_confirms_once_an_email_was_left(
    client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]
) -> None:
    say(client, chat, "Bonjour")
    run_jobs()
    second = client.post(f"/s/{chat.token}/session", json={}).json["data"]
    assert second["session_id"] == chat.session_id and len(second["messages"]) == 2 and not second["needs_code"]

    assert own(client, chat, "/transcript", {"email": "M.Martin@exemple.fr"}).status_code == 202
    third = client.post(f"/s/{chat.token}/session", json={}).json["data"]
    assert third["needs_code"] and third["messages"] == []
    headers = {"X-Session-ID": third["session_id"], "Authorization": f"Bearer {third['session_token']}"}
    locked = client.get(f"{WIDGET}/session/{chat.session_id}/messages", headers=headers)
    assert (locked.status_code, locked.json["error"]["code"]) == (403, "code_required")
    with committing():
        mail = db.session.scalars(select(EmailMessage.text).where(EmailMessage.kind == "session_code")).one()
    code = re.search(r"\d{3}\s\d{3}", mail)
    assert code is not None
    wrong = client.post(f"{WIDGET}/session/{chat.session_id}/code", json={"code": "000000"}, headers=headers)
    assert wrong.status_code == 422
    opened = client.post(f"{WIDGET}/session/{chat.session_id}/code", json={"code": code.group()}, headers=headers)
    assert opened.status_code == 200 and len(opened.json["data"]["messages"]) == 2
    resumed = client.post(f"/s/{chat.token}/session", json={"resume": {"session_id": chat.session_id, "session_token": chat.secret}})
    assert resumed.json["data"]["resumed"] and not resumed.json["data"]["needs_code"]


def test_the_estimate_is_readable_in_the_mailed_conversation(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    quoted(client, chat, run_jobs)
    assert own(client, chat, "/transcript", {"email": "m.martin@exemple.fr"}).status_code == 202
    run_jobs()
    with committing():
        mail = db.session.scalars(select(EmailMessage.text).where(EmailMessage.kind == "transcript")).one()
    lines = mail.splitlines()
    wall = next(number for number, line in enumerate(lines) if line.startswith("- Carrelage mural"))
    assert lines[wall].endswith("€"), "the figures end the line; the assumption has its own"
    assert lines[wall + 1] == "  Surface des murs estimée à 20 m² (2,5 × 8 m² au sol)"
    assert lines[wall + 2].startswith("- Douche italienne")


def test_deleting_leaves_nothing_of_what_was_said(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    quoted(client, chat, run_jobs)
    assert own(client, chat, "", method="DELETE").status_code == 200
    assert own(client, chat, "/messages", method="GET").status_code == 401
    assert client.get(f"/s/{chat.token}").status_code == 410
    assert client.post(f"/s/{chat.token}/session", json={}).json["error"]["code"] == "session_deleted"
    with committing():
        assert set(db.session.scalars(select(Message.content).where(Message.session_id == chat.session_id))) == {""}
        session = db.session.get_one(Session, chat.session_id)
        assert (session.status, session.title, session.visitor_name) == ("deleted", "", None)
    assert count(Event, Event.session_id == chat.session_id) == 0
    assert count(File, File.session_id == chat.session_id) == 0


def revoke(tenant: Tenant, chat: Chat) -> None:
    revoke_link(db.session.get_one(SessionLink, chat.link.link_id))


def expire(tenant: Tenant, chat: Chat) -> None:
    db.session.get_one(SessionLink, chat.link.link_id).expires_at = clock.now() - timedelta(
        hours=1
    )  # PostgreSQL reads the clock when the test begins


def suspend_editor(tenant: Tenant, chat: Chat) -> None:
    db.session.get_one(User, tenant.editor.id).status = "suspended"


def suspend_artisan(tenant: Tenant, chat: Chat) -> None:
    db.session.get_one(User, tenant.artisan.id).status = "suspended"


def switch_off(tenant: Tenant, chat: Chat) -> None:
    db.session.merge(tenant.deployment).is_active = False


def detach(tenant: Tenant, chat: Chat) -> None:
    db.session.merge(tenant.tie).status = "detached"


@pytest.mark.parametrize(
    ("close", "status", "code"),
    [
        (revoke, 403, "link_revoked"),
        (expire, 410, "session_expired"),
        (suspend_editor, 403, "account_suspended"),
        (suspend_artisan, 403, "account_suspended"),
        (switch_off, 403, "deployment_suspended"),
        (detach, 403, "deployment_suspended"),
    ],
)
def test_what_is_closed_is_closed_at_once_on_every_way_in(
    client: FlaskClient, tenant: Tenant, chat: Chat, close: Callable[[Tenant, Chat], None], status: int, code: str
) -> None:
    reply = say(client, chat, "Bonjour")["message_id"]
    with committing():
        close(tenant, chat)
    assert client.get(f"/s/{chat.token}").status_code == status
    for method, path in (
        ("POST", f"/s/{chat.token}/session"),
        ("POST", f"{WIDGET}/message"),
        ("GET", f"{WIDGET}/message/{reply}/stream"),
        ("GET", f"{WIDGET}/session/{chat.session_id}/messages"),
        ("POST", f"{WIDGET}/upload"),
    ):
        answer = client.open(path, method=method, json={} if method == "POST" else None, headers=chat.headers)
        assert (answer.status_code, answer.json["error"]["code"]) == (status, code), path


def test_an_unknown_or_forged_link_is_a_kind_page(client: FlaskClient, chat: Chat) -> None:
    for token in ("x", "A" * 42, chat.token[:-1] + ("a" if chat.token[-1] != "a" else "b"), chat.token + "x", "é" * 30):
        page = client.get(f"/s/{token}")
        assert page.status_code == 404 and "conversation" in page.get_data(as_text=True)
        assert client.post(f"/s/{token}/session", json={}).status_code == 404


def test_stop_and_retry(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    reply = say(client, chat, "Bonjour")["message_id"]
    stopped = client.post(f"{WIDGET}/message/{reply}/stop", headers=chat.headers)
    assert stopped.json["data"]["status"] == "cancelled"
    run_jobs()
    assert client.get(f"{WIDGET}/message/{reply}/status", headers=chat.headers).json["data"]["status"] == "cancelled"
    assert client.post(f"{WIDGET}/message/{reply}/retry", headers=chat.headers).json["data"]["status"] == "queued"
    run_jobs()
    assert client.get(f"{WIDGET}/message/{reply}/status", headers=chat.headers).json["data"]["status"] == "completed"
    assert client.post(f"{WIDGET}/message/{reply}/retry", headers=chat.headers).status_code == 409
    rated = client.post(f"{WIDGET}/message/{reply}/rating", json={"rating": -1}, headers=chat.headers)
    assert rated.json["data"]["rating"] == -1
