"""Conversations, e-mails and the journal, as administrators go through them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.audit.service import record
from app.conversations.models import Message, Session
from app.core import clock
from app.extensions import db
from app.notifications.models import EmailMessage
from app.web.house import House
from app.webhooks.models import Delivery
from tests.factories import committing, make_user
from tests.factories.conversations import make_tenant, open_chat
from tests.support.portal import Person, sign_in


def someone(house: House, role: str) -> Person:
    with committing():
        person = sign_in(house, make_user(role, name="Claire Morel"))
    assert person.get("/admin/").status_code == 200
    return person


@pytest.fixture
def admin(house: House) -> Person:
    """An administrator, signed in."""
    return someone(house, "admin")


def make_email(**values: object) -> str:
    with committing():
        email = EmailMessage(
            **{
                "recipient": "m.martin@exemple.fr",
                "kind": "account",
                "subject": "Bonjour",
                "text": "Lisez https://exemple.fr/y\n",
                "html": "<b>x</b>",
                **values,
            }
        )
        db.session.add(email)
        db.session.flush()
        return str(email.id)


def test_conversations_are_filtered(admin: Person) -> None:
    with committing():
        tenant, other = make_tenant(), make_tenant()
        editor_id = tenant.editor.id
    martin, dupont = open_chat(tenant, recipient={"name": "Élodie Martin"}), open_chat(other, recipient={"name": "Jean Dupont"})
    untold = open_chat(tenant, recipient={"name": "Personne Encore"})
    with committing():
        for chat, title in ((martin, "Salle de bain"), (dupont, "Toiture")):
            session = db.session.get_one(Session, chat.session_id)
            session.started_at, session.title = clock.now(), title
        db.session.add(Message(session_id=dupont.session_id, sender="agent", status="queued"))
        db.session.get_one(Session, martin.session_id).status = "completed"
    every = admin.get("/admin/conversations").text
    assert "Élodie Martin" in every and "Jean Dupont" in every and untold.session_id not in every
    for query in ("q=elodie+bain", "statut=completed", f"editeur={editor_id}"):
        found = admin.get(f"/admin/conversations?{query}").text
        assert "Élodie Martin" in found and "Jean Dupont" not in found, query
    answering = admin.get("/admin/conversations?statut=answering").text
    assert "Jean Dupont" in answering and "Élodie Martin" not in answering
    fragment = admin.get(f"/admin/conversations/{dupont.session_id}/messages").text
    assert 'hx-trigger="every 3s' in fragment and "En train d’écrire" in fragment


def test_an_email_is_read_and_sent_again(admin: Person, run_jobs: Callable[[], list[str]]) -> None:
    email_id = make_email(status="failed", attempts=6, error="Connexion refusée")
    shown = admin.get(f"/admin/envois/{email_id}").text
    assert '<a href="https://exemple.fr/y"' in shown and "Connexion refusée" in shown and "&lt;b&gt;x" in shown
    assert admin.post(f"/admin/envois/{email_id}/renvoi").status_code == 303
    assert admin.post(f"/admin/envois/{email_id}/renvoi").status_code == 409
    assert run_jobs() == ["deliver_email"]
    with committing():
        email = db.session.get_one(EmailMessage, email_id)
        assert (email.status, email.attempts, email.error) == ("outbox", 1, None)
    found = admin.get("/admin/envois?statut=outbox&q=martin").text
    assert "Bonjour" in found and "Gardé ici" in found
    assert "Bonjour" not in admin.get("/admin/envois?statut=sent").text


@pytest.mark.parametrize("kind", ["reset", "invitation", "transcript", "session_code", "email-change"])
def test_what_opens_an_account_is_the_super_administrators(house: House, kind: str) -> None:
    url = f"/admin/envois/{make_email(kind=kind, status='outbox', text='Code ABC-123')}"
    assert "ABC-123" not in someone(house, "admin").get(url).text
    assert "ABC-123" in someone(house, "super-admin").get(url).text


def test_the_journal_is_filtered(admin: Person) -> None:
    with committing():
        record("webhook.created", "whk_1")
        record("role.assigned", "usr_2", role="metreur", on_behalf_of=None)
    assert admin.post("/admin/editeurs/nouveau", {"company_name": "EBP", "name": "S B", "email": "s@ebp.example"}).status_code == 303
    every = admin.get("/admin/journal").text
    assert every.index("Compte créé") < every.index("Rôle donné") < every.index("Webhook créé")
    assert "rôle\u00a0: metreur" in every and "on_behalf_of" not in every
    roles = admin.get("/admin/journal?action=role").text
    assert "Rôle donné" in roles and "Webhook créé" not in roles
    by_her = admin.get("/admin/journal?q=claire+morel").text
    assert "Compte créé" in by_her and "Webhook créé" not in by_her
    about = admin.get("/admin/journal?objet=whk_1").text
    assert "Webhook créé" in about and "Compte créé" not in about


def test_editors_in_trouble_are_found(admin: Person) -> None:
    with committing():
        tenant, quiet = make_tenant(), make_tenant()
        name, other = tenant.editor.display_name, quiet.editor.display_name
        ids = {"endpoint_id": "whk_1", "event_type": "project.created", "editor_id": tenant.editor.id}
        db.session.add(Delivery(event_id="evt_1", status="failed", **ids))
        db.session.add(Delivery(event_id="evt_2", status="queued", attempts=2, **ids))
        db.session.add(Delivery(event_id="evt_3", status="success", attempts=1, **ids))
    assert '<span class="stat-value num">2</span>' in admin.get("/admin/").text
    found = admin.get("/admin/editeurs?livraisons=echec").text
    assert name in found and other not in found
