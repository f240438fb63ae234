"""Conversations given to their particulier and to their artisan: every row, and none of another conversation."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.conversations.adoption import ROWS, adopt_by_artisan, adopt_by_particulier
from app.conversations.issuing import issue_editor_link
from app.conversations.links import open_link, token_of
from app.conversations.models import Message, Session, SessionLink
from app.conversations.opening import open_session
from app.core import acting
from app.core.errors import GoneError, NotFoundError
from app.core.transaction import transaction
from app.extensions import db
from app.identity.links import accept_link, propose_link
from app.identity.models import EditorLink, User
from app.web.house import House
from tests.conversations.test_journey import SENTENCE, photo
from tests.factories import actor_for, committing, make_deployment, make_user
from tests.factories.conversations import make_tenant, open_chat

Jobs = Callable[[], list[str]]


def talk(client: FlaskClient, session_id: str, secret: str, run_jobs: Jobs) -> None:
    """A whole conversation: message, photo, estimate."""
    headers = {"X-Session-ID": session_id, "Authorization": f"Bearer {secret}"}
    for content in (SENTENCE, "Je n’ai pas de photo."):
        client.post("/api/widget/v1/message", json={"content": content, "client_message_id": uuid.uuid4().hex}, headers=headers)
        run_jobs()
    upload = {"file": (io.BytesIO(photo((10, 20, 30))), "mur.jpg")}
    assert client.post("/api/widget/v1/upload", data=upload, headers=headers).status_code == 201
    run_jobs()


def owners(column: str, session_id: str) -> dict[str, set[str | None]]:
    """The ids that each table's rows of a conversation carry. Call inside `committing()`."""
    found = {
        table.__tablename__: set(db.session.scalars(db.select(getattr(table, column)).where(table.session_id == session_id)))
        for table in ROWS
    }
    found["sessions"] = {getattr(db.session.get_one(Session, session_id), column)}
    return found


def test_the_list_of_rows_is_complete(app: House) -> None:
    tables = {
        name for name, table in db.metadata.tables.items() if {"session_id", "artisan_id", "particulier_id"} <= set(table.columns.keys())
    }
    assert tables == {table.__tablename__ for table in ROWS}
    carry = {name for name, table in db.metadata.tables.items() if {"session_id", "artisan_id"} <= set(table.columns.keys())}
    assert carry - tables == {"session_links", "contents"}, "a content kept from a conversation stays in the library where it was put"


def test_the_particulier_gets_every_row_and_reads_them(house: House, client: FlaskClient, run_jobs: Jobs) -> None:
    with committing():
        tenant = make_tenant()
    chat, other = open_chat(tenant), open_chat(tenant)
    talk(client, chat.session_id, chat.secret, run_jobs)
    talk(client, other.session_id, other.secret, run_jobs)
    with committing():
        user_id = make_user("particulier", email="m.martin@exemple.fr").id
        db.session.get_one(Session, chat.session_id).visitor_email = "m.martin@exemple.fr"
    with committing():
        adopt_by_particulier(chat.session_id, user_id, "m.martin@exemple.fr")
        assert acting.current_actor().job == "demo"
    with committing():
        given = owners("particulier_id", chat.session_id)
        assert all(ids == {user_id} for ids in given.values()), given
        assert all(ids == {None} for ids in owners("particulier_id", other.session_id).values())
        assert db.session.get_one(Session, chat.session_id).visitor_email_confirmed_at is not None
    with transaction(acting.user(user_id, role="particulier")):
        assert set(db.session.scalars(db.select(Session.id))) == {chat.session_id}
        assert set(db.session.scalars(db.select(Message.session_id))) == {chat.session_id}


def test_the_last_address_left_decides(house: House) -> None:
    with committing():
        tenant, wrong, right = make_tenant(), make_user("particulier").id, make_user("particulier").id
    chat = open_chat(tenant)
    with committing():
        db.session.get_one(Session, chat.session_id).visitor_email = "faute@exemple.fr"
    with committing():
        adopt_by_particulier(chat.session_id, wrong, "faute@exemple.fr")
        db.session.get_one(Session, chat.session_id).visitor_email = "juste@exemple.fr"
    with pytest.raises(GoneError), committing():
        adopt_by_particulier(chat.session_id, wrong, "faute@exemple.fr")
    with committing():
        adopt_by_particulier(chat.session_id, right, "juste@exemple.fr")
    with committing():
        assert {id for ids in owners("particulier_id", chat.session_id).values() for id in ids} == {right}


def test_a_deleted_conversation_is_given_to_nobody(house: House) -> None:
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant)
    with committing():
        db.session.get_one(Session, chat.session_id).status = "deleted"
    with pytest.raises(NotFoundError), committing():
        adopt_by_particulier(chat.session_id, "usr_x", "a@b.fr")


def test_the_artisan_finds_what_was_said_while_he_was_asked(house: House, client: FlaskClient, run_jobs: Jobs) -> None:
    with committing():
        editor, artisan, other = make_user("editeur"), make_user("artisan"), make_user("artisan")
        editor_id, artisan_id, other_id = editor.id, artisan.id, other.id
        deployment_id = make_deployment(editor).id
        maker = actor_for(editor, "editeur")
        tie_id = propose_link(maker, email=artisan.email, external_id="DUR-001", name="Durant").id
        propose_link(maker, email=other.email, external_id="AUT-002", name="Autre")
    opened = {}
    for external_id in ("DUR-001", "AUT-002"):
        with transaction(maker):
            arguments = {"context": {}, "expires_in": 3600, "recipient": {}}
            link = issue_editor_link(maker, deployment_key=deployment_id, artisan_external_id=external_id, **arguments)
            token = token_of(link)
        with transaction(acting.door()):
            conversation = open_session(open_link(token), None)
            opened[external_id] = (conversation.session.id, conversation.secret)
        talk(client, *opened[external_id], run_jobs)
    mine, theirs = opened["DUR-001"][0], opened["AUT-002"][0]
    with committing():
        assert all(ids == {None} for ids in owners("artisan_id", mine).values())
        db.session.get_one(EditorLink, tie_id).artisan_id = artisan_id
    with transaction(acting.user(artisan_id, role="artisan")), pytest.raises(NotFoundError):
        adopt_by_artisan(tie_id)  # not accepted yet
    with transaction(acting.user(artisan_id, role="artisan")):
        accept_link(db.session.get_one(User, artisan_id), db.session.get_one(EditorLink, tie_id))
        assert adopt_by_artisan(tie_id) == 1
        assert acting.current_actor().user_id == artisan_id
        assert adopt_by_artisan(tie_id) == 0
    with committing():
        given = owners("artisan_id", mine)
        assert given.pop("usage_logs") == {None}, "what was called before stays where the counters of its day have it"
        assert all(ids == {artisan_id} for ids in given.values()), given
        assert set(db.session.scalars(db.select(SessionLink.artisan_id).where(SessionLink.session_id == mine))) == {artisan_id}
        assert all(ids == {None} for ids in owners("artisan_id", theirs).values())
        assert {session.editor_id for session in db.session.scalars(db.select(Session))} == {editor_id}
    with transaction(acting.user(artisan_id, role="artisan")):
        assert set(db.session.scalars(db.select(Session.id))) == {mine}
    # The conversation goes on, with its artisan.
    talk(client, *opened["DUR-001"], run_jobs)
    with committing():
        given = owners("artisan_id", mine)
        assert given.pop("usage_logs") == {None, artisan_id}
        assert all(ids == {artisan_id} for ids in given.values())
    with transaction(acting.user(other_id, role="artisan")), pytest.raises(NotFoundError):
        adopt_by_artisan(tie_id)
