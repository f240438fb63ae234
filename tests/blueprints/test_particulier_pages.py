"""The customer's conversations in his own account."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from app.conversations.adoption import adopt_by_particulier
from app.conversations.links import revoke_link
from app.conversations.models import Session, SessionLink
from app.identity.models import EditorLink
from app.web.house import House
from tests.factories import committing, db, make_user
from tests.factories.conversations import Chat, make_tenant, open_chat
from tests.factories.talking import talk_to_an_estimate
from tests.support.portal import sign_in

FRAGMENT = {"HX-Request": "true"}


def his_conversation(client: FlaskClient, run_jobs: Callable[[], list[str]]) -> tuple[Chat, object]:
    """A conversation with an estimate, held by a new account."""
    with committing():
        tenant, customer = make_tenant(), make_user("particulier", email="m.martin@exemple.fr", name="M. Martin")
    chat = open_chat(tenant, recipient={"name": "M. Martin"})
    talk_to_an_estimate(client, chat, run_jobs)
    with committing():
        db.session.get_one(Session, chat.session_id).visitor_email = "m.martin@exemple.fr"
        adopt_by_particulier(chat.session_id, db.inspect(customer).identity[0], "m.martin@exemple.fr")
    return chat, customer


def test_his_conversations_and_how_they_go_on(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    chat, customer = his_conversation(client, run_jobs)
    person = sign_in(house, customer)
    assert person.get("/particulier/").headers["Location"] == "/particulier/conversations"
    path = f"/particulier/conversations/{chat.session_id}"
    assert path in person.get("/particulier/conversations").get_data(as_text=True)
    assert path in person.get("/particulier/conversations", headers=FRAGMENT).get_data(as_text=True)
    text = person.get(path).get_data(as_text=True)
    for words in (
        "tel:+33612345678",
        "06 12 34 56 78",
        f"/s/{chat.token}",
        "6\u202f948,00",
        "Continuer la conversation",
        "non contractuelle",
    ):
        assert words in text, words


def test_a_link_that_closed_is_not_offered(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    chat, customer = his_conversation(client, run_jobs)
    person = sign_in(house, customer)
    path = f"/particulier/conversations/{chat.session_id}"
    with committing():
        db.session.scalars(db.select(EditorLink)).one().status = "detached"
    assert "/s/" not in person.get(path).get_data(as_text=True)
    with committing():
        db.session.scalars(db.select(EditorLink)).one().status = "active"
        revoke_link(db.session.get_one(SessionLink, chat.link.link_id))
    text = person.get(path).get_data(as_text=True)
    assert "/s/" not in text and "ne peut plus continuer" in text and "06 12 34 56 78" in text


def test_nobody_reads_anothers(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    chat, _ = his_conversation(client, run_jobs)
    with committing():
        stranger, artisan = make_user("particulier"), make_user("artisan")
    person = sign_in(house, stranger)
    assert person.get(f"/particulier/conversations/{chat.session_id}").status_code == 404
    assert "Aucune conversation" in person.get("/particulier/conversations").get_data(as_text=True)
    person = sign_in(house, artisan)
    for path in ("/particulier/", "/particulier/conversations", f"/particulier/conversations/{chat.session_id}"):
        assert person.get(path).status_code == 403
