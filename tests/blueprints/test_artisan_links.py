"""The links an artisan makes, and the editors he works with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.conversations.models import Session, SessionLink
from app.identity.models import EditorLink
from app.web.house import House
from tests.factories import committing, db, make_deployment, make_user
from tests.factories.conversations import make_link, make_tenant, open_chat
from tests.factories.talking import talk
from tests.support.portal import sign_in

FRAGMENT = {"HX-Request": "true"}
HIS_CUSTOMER = {"name": "M. Martin", "phone": "06 98 76 54 32", "email": "M.Martin@exemple.fr", "expires_in": "604800"}


@pytest.mark.parametrize("through_an_editor", [True, False])
def test_a_link_is_made_sent_and_withdrawn(house: House, client: FlaskClient, through_an_editor: bool) -> None:
    with committing():
        tenant = make_tenant()
        make_deployment(None)
    person = sign_in(house, tenant.artisan)
    assert "Pas encore de lien" in person.get("/artisan/liens").get_data(as_text=True)
    assert tenant.tie.editor_name in person.get("/artisan/liens/nouveau").get_data(as_text=True)
    made = person.post("/artisan/liens/nouveau", data=HIS_CUSTOMER | {"editor_link_id": tenant.tie.id if through_an_editor else "aucun"})
    assert made.status_code == 303, made.get_data(as_text=True)
    path = made.headers["Location"]
    text = person.get(path).get_data(as_text=True)
    for words in ("M. Martin", "/s/", "sms:+33698765432?&amp;body=", "mailto:m.martin@exemple.fr?", "<svg", "Pas encore ouvert"):
        assert words in text, words
    assert (tenant.tie.editor_name in text) is through_an_editor
    with committing():
        link = db.session.scalars(db.select(SessionLink)).one()
        assert link.artisan_id == tenant.artisan.id and link.editor_id == (tenant.editor.id if through_an_editor else None)
    listed = person.get("/artisan/liens", headers=FRAGMENT).get_data(as_text=True)
    assert listed.lstrip().startswith('<section id="liste">') and path in listed and "06 98 76 54 32" in listed
    assert path not in person.get("/artisan/liens?etat=revoked", headers=FRAGMENT).get_data(as_text=True)
    assert person.post(f"{path}/retrait").status_code == 303
    text = person.get(path).get_data(as_text=True)
    assert "Ce lien a été retiré" in text and "mailto:m.martin" not in text
    assert path in person.get("/artisan/liens?etat=revoked", headers=FRAGMENT).get_data(as_text=True)


def test_a_wrong_number_is_said_beside_its_field(house: House, client: FlaskClient) -> None:
    with committing():
        artisan = make_user("artisan")
        make_deployment(None)
    person = sign_in(house, artisan)
    person.get("/artisan/liens/nouveau")
    answer = person.post("/artisan/liens/nouveau", data=HIS_CUSTOMER | {"phone": "12", "editor_link_id": "aucun"})
    assert answer.status_code == 422 and "téléphone n’est pas valide" in answer.get_data(as_text=True)
    assert person.post("/artisan/liens/nouveau", data=HIS_CUSTOMER | {"editor_link_id": "elk_autre"}).status_code == 422


def test_an_editor_may_keep_links_for_himself(house: House, client: FlaskClient) -> None:
    with committing():
        tenant = make_tenant()
        make_deployment(None)
        tenant.tie.permissions = {"can_create_sessions": False}
    person = sign_in(house, tenant.artisan)
    assert tenant.tie.editor_name not in person.get("/artisan/liens/nouveau").get_data(as_text=True)
    assert person.post("/artisan/liens/nouveau", data=HIS_CUSTOMER | {"editor_link_id": tenant.tie.id}).status_code == 422


def test_links_of_others(house: House, client: FlaskClient) -> None:
    with committing():
        tenant, stranger, maker = make_tenant(), make_user("artisan"), make_user("fabricant")
        path = f"/artisan/liens/{make_link(tenant).id}"
    person = sign_in(house, tenant.artisan)
    text = person.get(path).get_data(as_text=True)
    assert "Créé par" in text and "Retirer le lien" not in text
    assert person.post(f"{path}/retrait").status_code == 404, "a link that his editor made"
    person = sign_in(house, stranger)
    assert person.get(path).status_code == 404
    assert person.post(f"{path}/retrait").status_code == 404
    person = sign_in(house, maker)
    for page in ("/artisan/liens", "/artisan/liens/nouveau", path):
        assert person.get(page).status_code == 403


def test_the_link_of_a_conversation_that_its_customer_erased(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant)
    talk(client, chat, run_jobs, "Bonjour")
    assert client.delete(f"/api/widget/v1/session/{chat.session_id}", headers=chat.headers).status_code == 200
    person = sign_in(house, tenant.artisan)
    path = f"/artisan/liens/{chat.link.link_id}"
    text = person.get(path).get_data(as_text=True)
    assert "Votre client a supprimé cette conversation" in text and "Refaire un lien" in text
    assert "Lire la conversation" not in text and "/s/" not in text
    assert path in person.get("/artisan/liens?etat=deleted", headers=FRAGMENT).get_data(as_text=True)
    assert path not in person.get("/artisan/liens?etat=talking", headers=FRAGMENT).get_data(as_text=True)
    editor, path = sign_in(house, tenant.editor), f"/editeur/liens/{chat.link.link_id}"
    text = editor.get(path).get_data(as_text=True)
    assert "Le client a supprimé cette conversation" in text and "/s/" not in text
    assert path in editor.get("/editeur/liens?etat=deleted", headers=FRAGMENT).get_data(as_text=True)


def test_accepting_finds_the_conversations_already_made(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        tenant = make_tenant()
        tie = tenant.tie
    chat = open_chat(tenant)
    talk(client, chat, run_jobs, "Bonjour")
    with committing():
        tie = db.session.get_one(EditorLink, tie.id)
        tie.status = "pending"
        db.session.get_one(Session, chat.session_id).artisan_id = None
        db.session.get_one(SessionLink, chat.link.link_id).artisan_id = None
    person = sign_in(house, tenant.artisan)
    assert "souhaite vous relier" in person.get("/artisan/").get_data(as_text=True)
    assert "Attend votre réponse" in person.get("/artisan/logiciels").get_data(as_text=True)
    assert person.get(f"/artisan/conversations/{chat.session_id}").status_code == 404
    assert person.post(f"/artisan/logiciels/{tie.id}/acceptation").status_code == 303
    text = person.get("/artisan/logiciels").get_data(as_text=True)
    assert "1\u00a0conversation rejoint les vôtres" in text and "Relié" in text
    assert person.get(f"/artisan/conversations/{chat.session_id}").status_code == 200


def test_refusing_and_detaching(house: House, client: FlaskClient) -> None:
    with committing():
        first, second = make_tenant(), make_tenant()
        second.tie.artisan_id = first.artisan.id
        second.tie.status = "pending"
        active, pending, name = first.tie.id, second.tie.id, first.tie.editor_name
    person = sign_in(house, first.artisan)
    person.get("/artisan/logiciels")
    assert person.post(f"/artisan/logiciels/{active}/refus").status_code == 409
    assert person.post(f"/artisan/logiciels/{pending}/detachement", data={"confirmation": "x"}).status_code == 409
    person.post(f"/artisan/logiciels/{pending}/refus")
    person.post(f"/artisan/logiciels/{active}/detachement", data={"confirmation": "autre chose"})
    with committing():
        states = {tie.id: tie.status for tie in db.session.scalars(db.select(EditorLink))}
    assert states == {active: "active", pending: "refused"}
    person.post(f"/artisan/logiciels/{active}/detachement", data={"confirmation": name})
    text = person.get("/artisan/logiciels").get_data(as_text=True)
    assert "Détaché" in text and "Refusé" in text


def test_proposals_made_to_others(house: House, client: FlaskClient) -> None:
    with committing():
        tenant, stranger = make_tenant(), make_user("artisan")
        tenant.tie.status = "pending"
    person = sign_in(house, stranger)
    assert "Aucun logiciel relié" in person.get("/artisan/logiciels").get_data(as_text=True)
    for verb in ("acceptation", "refus", "detachement"):
        assert person.post(f"/artisan/logiciels/{tenant.tie.id}/{verb}").status_code == 404
    person = sign_in(house, tenant.editor)
    assert person.get("/artisan/logiciels").status_code == 403
    assert person.post(f"/artisan/logiciels/{tenant.tie.id}/acceptation").status_code == 403
