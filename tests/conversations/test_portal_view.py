"""A conversation as the portals show it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from app.conversations.models import Message, Session
from app.conversations.portal_view import portal_messages, session_detail
from app.core.errors import NotFoundError
from app.core.transaction import transaction
from app.extensions import db
from app.web.house import House
from tests.factories import actor_for, committing, make_user
from tests.factories.conversations import Chat, Tenant, make_tenant, open_chat
from tests.factories.talking import REQUEST, talk_to_an_estimate


@pytest.fixture
def talk(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> tuple[Tenant, Chat]:
    """A conversation that led to an accepted estimate."""
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant, recipient={"name": "M. Martin"})
    talk_to_an_estimate(client, chat, run_jobs)
    with committing():
        quote = session_detail(chat.session_id).quote
    assert quote is not None
    accepted = client.post(f"/api/widget/v1/session/{chat.session_id}/accept", json={"pre_quote_id": quote["id"]}, headers=chat.headers)
    assert accepted.status_code == 200, accepted.text
    return tenant, chat


def test_each_party_reads_it_and_no_other(talk: tuple[Tenant, Chat]) -> None:
    tenant, chat = talk
    with committing():
        readers = [actor_for(tenant.editor, "editeur"), actor_for(tenant.artisan, "artisan"), actor_for(make_user("admin"), "admin")]
        strangers = [actor_for(make_user(role), role) for role in ("editeur", "artisan", "particulier", "fabricant", "superviseur")]
    for reader in readers:
        with transaction(reader):
            assert len(portal_messages(chat.session_id)) >= 4
    for stranger in strangers:
        with transaction(stranger):
            for read in (portal_messages, session_detail):
                with pytest.raises(NotFoundError):
                    read(chat.session_id)


def test_sides_senders_and_acceptance(talk: tuple[Tenant, Chat]) -> None:
    _, chat = talk
    with committing():
        detail = session_detail(chat.session_id)
        for_him = portal_messages(chat.session_id, for_visitor=True)
    first, answer, *_ = detail.messages
    assert (first["side"], first["sender"], first["text"]) == ("theirs", "M. Martin", REQUEST)
    assert (answer["side"], answer["sender"]) == ("ours", "Assistant")
    assert for_him[0]["side"] == "ours" and for_him[1]["side"] == "theirs"
    assert [one["event"] for one in detail.messages if "event" in one] == ["M. Martin a accepté l’estimation"]
    assert detail.title.endswith("— M. Martin") and detail.project is not None and len(detail.versions) == 1


def test_the_card_has_numbers_to_write(talk: tuple[Tenant, Chat]) -> None:
    _, chat = talk
    with committing():
        card = session_detail(chat.session_id).quote
    assert card is not None and card["status"]["label"] == "Acceptée"
    assert (card["total_ht"], card["total_ttc"]) == (Decimal(5790), Decimal(6948))
    assert card["vat"] == [{"rate": Decimal(20), "base": Decimal(5790), "amount": Decimal(1158)}]
    assert card["lines"][2]["quantity"] * card["lines"][2]["unit_price"] == card["lines"][2]["total_ht"] == Decimal(640)


def test_replies_that_wait_or_ended_badly(talk: tuple[Tenant, Chat]) -> None:
    _, chat = talk
    with committing():
        session = db.session.get_one(Session, chat.session_id)
        ids = {"session_id": session.id, "editor_id": session.editor_id, "artisan_id": session.artisan_id, "sender": "agent"}
        for status in ("failed", "cancelled", "queued"):
            db.session.add(Message(**ids, status=status))
            db.session.flush()
        *_, failed, cancelled, waiting = portal_messages(session.id)
    assert failed["event"] == "La réponse de l’assistant n’a pas abouti"
    assert cancelled["event"] == "Réponse interrompue par le client"
    assert waiting["status"] == "typing"


def test_a_deleted_conversation_is_gone(talk: tuple[Tenant, Chat]) -> None:
    _, chat = talk
    with committing():
        db.session.get_one(Session, chat.session_id).status = "deleted"
        db.session.flush()
        with pytest.raises(NotFoundError):
            session_detail(chat.session_id)
