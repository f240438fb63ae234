"""The editor's pages: each route as a page, as a fragment, for a stranger, for another role (ARCHITECTURE.md, Tests)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from app.conversations.models import Session, SessionLink
from app.extensions import db
from app.identity.models import EditorLink
from app.identity.service import assign_role
from app.web.house import House
from app.webhooks.dispatching import dispatch_events
from app.webhooks.models import Delivery
from tests.conversations.test_journey import SENTENCE, say
from tests.factories import actor_for, committing, make_user
from tests.factories.conversations import make_tenant, open_chat
from tests.factories.webhooks import make_endpoint
from tests.support.portal import Person, sign_in

HX = {"HX-Request": "true"}


@dataclass(frozen=True, slots=True)
class World:
    """An editor with one of everything, and another one."""

    ids: dict[str, str]
    client: Person
    stranger: Person
    artisan: Person
    adviser: Person


@pytest.fixture
def world(house: House, run_jobs: Callable[[], list[str]]) -> World:
    with committing():
        tenant, other = make_tenant(), make_user("editeur")
        endpoint = make_endpoint(tenant.editor, "http://127.0.0.1:9009/hooks").endpoint
        person = make_user("particulier")
        assign_role(actor_for(tenant.editor, "editeur"), person, "conseiller", on_behalf_of=tenant.editor.id)
        people = [sign_in(house, user) for user in (tenant.editor, other, tenant.artisan, person)]
        ids = {
            "deployment_id": tenant.deployment.id,
            "tie": tenant.tie.id,
            "webhook_id": endpoint.id,
            "external_id": tenant.tie.external_id,
        }
    chat = open_chat(tenant, recipient={"name": "M. Martin", "email": "m.martin@exemple.fr", "phone": "+33612345678"})
    visitor = house.test_client()
    say(visitor, chat.headers, SENTENCE)
    run_jobs()
    say(visitor, chat.headers, "Je n’ai pas de photo.")
    run_jobs()
    dispatch_events()
    with committing():
        ids["session_id"] = chat.session_id
        ids["link_id"] = db.session.scalars(select(SessionLink.id).where(SessionLink.session_id == chat.session_id)).one()
        ids["delivery_id"] = db.session.scalars(select(Delivery.id).where(Delivery.endpoint_id == ids["webhook_id"]).limit(1)).one()
        assert db.session.get_one(Session, chat.session_id).total_ttc == 6948
    return World(ids, *people)


PAGES = {
    "/": None,
    "/deploiements": "deploiements",
    "/deploiements/{deployment_id}": None,
    "/conversations": "conversations",
    "/conversations/{session_id}": None,
    "/liens": "liens",
    "/liens/nouveau": None,
    "/liens/{link_id}": None,
    "/artisans": "artisans",
    "/artisans/nouveau": None,
    "/artisans/{tie}": None,
    "/webhooks": None,
    "/webhooks/nouveau": None,
    "/webhooks/{webhook_id}": "livraisons",
    "/webhooks/{webhook_id}/modifier": None,
    "/webhooks/{webhook_id}/verifier": None,
    "/webhooks/{webhook_id}/livraisons/{delivery_id}": "livraison",
    "/documentation": None,
}
OF_AN_ADVISER = {"/", "/conversations", "/conversations/{session_id}"}


def test_every_page_is_whole_and_every_list_gives_its_fragment(world: World) -> None:
    for path, block in PAGES.items():
        url = "/editeur" + path.format(**world.ids)
        page = world.client.get(url)
        text = page.get_data(as_text=True)
        assert page.status_code == 200, url
        assert text.count("<h1") == 1 and "Espace éditeur" in text, url
        if block:
            fragment = world.client.get(url, headers=HX).get_data(as_text=True).strip()
            assert f'id="{block}"' in fragment and "<html" not in fragment and "<h1" not in fragment, url


def test_another_editor_finds_none_of_it(world: World) -> None:
    for path in PAGES:
        if "{" in path:
            url = "/editeur" + path.format(**world.ids)
            assert world.stranger.get(url).status_code == 404, url
            assert world.stranger.get(url, headers=HX).status_code == 404, url
    for path in (
        "/liens/{link_id}/retirer",
        "/artisans/{tie}",
        "/artisans/{tie}/relancer",
        "/artisans/{tie}/detacher",
        "/webhooks/{webhook_id}/essai",
        "/webhooks/{webhook_id}/secret",
        "/webhooks/{webhook_id}/secret/changer",
        "/webhooks/{webhook_id}/etat",
        "/webhooks/{webhook_id}/supprimer",
        "/webhooks/{webhook_id}/rejouer",
        "/webhooks/{webhook_id}/modifier",
        "/webhooks/{webhook_id}/verifier",
        "/webhooks/{webhook_id}/livraisons/{delivery_id}/rejouer",
    ):
        url = "/editeur" + path.format(**world.ids)
        assert world.stranger.post(url).status_code == 404, url
    assert world.stranger.get("/editeur/liens/{link_id}/qr.svg".format(**world.ids)).status_code == 404


def test_lists_of_another_editor_are_empty(world: World) -> None:
    for path in ("/", "/deploiements", "/conversations", "/liens", "/artisans", "/webhooks"):
        text = world.stranger.get("/editeur" + path).get_data(as_text=True)
        assert not any(value in text for value in world.ids.values()), path


def test_an_artisan_has_no_editors_portal_and_an_adviser_only_conversations(world: World) -> None:
    for path in PAGES:
        url = "/editeur" + path.format(**world.ids)
        assert world.artisan.get(url).status_code == 403, url
        assert world.adviser.get(url).status_code == (200 if path in OF_AN_ADVISER else 403), url


def test_nobody_signed_in_is_sent_to_the_login(house: House, world: World) -> None:
    answer = Person(house).get("/editeur/conversations")
    assert answer.status_code == 303 and "/connexion" in answer.headers["Location"]


def test_a_conversation_shows_messages_estimate_and_what_was_told(world: World) -> None:
    text = world.client.get(f"/editeur/conversations/{world.ids['session_id']}").get_data(as_text=True)
    assert SENTENCE in text and "5\u202f790,00" in text and "6\u202f948,00" in text
    assert "project.created" in text and world.ids["external_id"] in text


def test_conversations_are_searched_filtered_and_sorted(world: World) -> None:
    def found(query: str) -> bool:
        answer = world.client.get(f"/editeur/conversations?{query}", headers=HX)
        assert answer.status_code == 200
        return world.ids["session_id"] in answer.get_data(as_text=True)

    assert found("q=salle bain") and not found("q=toiture")
    assert found("etat=open") and not found("etat=completed")
    assert found("estimation=1") and not found("estimation=0")
    assert found(f"artisan={world.ids['tie']}") and not found("artisan=elk_x")
    assert found("tri=-montant") and found("tri=inconnu")
    assert world.client.get("/editeur/conversations?apres=xx").status_code == 422


def test_a_link_is_made_shown_and_withdrawn(world: World) -> None:
    page = world.client.get("/editeur/liens/nouveau").get_data(as_text=True)
    assert world.ids["external_id"] in page
    body = {"artisan_external_id": world.ids["external_id"], "deployment": world.ids["deployment_id"], "days": "7", "name": "Mme Petit"}
    wrong = world.client.post("/editeur/liens/nouveau", {**body, "phone": "12"})
    assert wrong.status_code == 422 and "téléphone" in wrong.get_data(as_text=True)
    unknown = world.client.post("/editeur/liens/nouveau", {**body, "artisan_external_id": "INCONNU"})
    assert unknown.status_code == 422 and "Aucun artisan" in unknown.get_data(as_text=True)
    made = world.client.post("/editeur/liens/nouveau", {**body, "phone": "06 12 34 56 78"})
    assert made.status_code == 303
    shown = world.client.get(made.headers["Location"]).get_data(as_text=True)
    assert "Pas encore ouvert" in shown, "nobody has sent it yet: it says what it knows"
    assert "http://localhost/s/" in shown and "mailto:" in shown and "sms:+33612345678" in shown
    link_id = made.headers["Location"].rsplit("/", 1)[1]
    picture = world.client.get(f"/editeur/liens/{link_id}/qr.svg")
    assert picture.mimetype == "image/svg+xml" and picture.data.startswith(b"<svg")
    assert link_id in world.client.get("/editeur/liens?etat=sent").get_data(as_text=True)
    assert world.client.post(f"/editeur/liens/{link_id}/retirer").status_code == 303
    assert "Ce lien est retiré" in world.client.get(f"/editeur/liens/{link_id}").get_data(as_text=True)
    assert link_id in world.client.get("/editeur/liens?etat=revoked").get_data(as_text=True)


def test_an_artisan_is_proposed_reminded_set_and_detached(world: World, run_jobs: Callable[[], list[str]]) -> None:
    body = {"name": "Lebrun", "email": "nadia@lebrun.exemple", "external_id": "LEB-1", "can_create_sessions": "y"}
    assert world.client.get("/editeur/artisans").status_code == 200
    taken = world.client.post("/editeur/artisans/nouveau", {**body, "external_id": world.ids["external_id"]})
    assert taken.status_code == 422 and "déjà relié" in taken.get_data(as_text=True)
    made = world.client.post("/editeur/artisans/nouveau", body)
    assert made.status_code == 303 and "invite_artisan" in run_jobs()
    url = made.headers["Location"]
    assert "pas encore répondu" in world.client.get(url).get_data(as_text=True)
    assert world.client.post(f"{url}/relancer").status_code == 303 and "invite_artisan" in run_jobs()
    assert world.client.post(url, {"primary_color": "rouge"}).status_code == 422
    assert world.client.post(url, {"primary_color": "#c2451e", "title": "Lebrun", "max_sessions_month": "5"}).status_code == 303
    with committing():
        link = db.session.scalars(select(EditorLink).where(EditorLink.external_id == "LEB-1")).one()
        assert link.branding["primary_color"] == "#c2451e" and link.permissions["max_sessions_month"] == 5
        assert link.permissions["can_create_sessions"] is False
    world.client.post(f"{url}/detacher", {"confirmation": "autre"})
    assert "pas encore répondu" in world.client.get(url).get_data(as_text=True)
    world.client.post(f"{url}/detacher", {"confirmation": "LEB-1"})
    assert "Ce lien est terminé" in world.client.get(url).get_data(as_text=True)
    assert post_refused(world.client, f"{url}/relancer")


def post_refused(person: Person, url: str) -> bool:
    answer = person.post(url)
    return "n’est plus en attente" in person.get(answer.headers["Location"]).get_data(as_text=True)


def test_detaching_an_artisan_closes_his_links(world: World) -> None:
    assert "Retiré" not in world.client.get("/editeur/liens?etat=talking").get_data(as_text=True).partition("<tbody")[2]
    world.client.post(f"/editeur/artisans/{world.ids['tie']}/detacher", {"confirmation": world.ids["external_id"]})
    assert world.ids["link_id"] in world.client.get("/editeur/liens?etat=revoked").get_data(as_text=True)
    assert "Ce lien est retiré" in world.client.get(f"/editeur/liens/{world.ids['link_id']}").get_data(as_text=True)


def test_a_person_of_no_editor_is_refused(house: House) -> None:
    with committing():
        person = sign_in(house, make_user("particulier"))
    assert person.get("/editeur/conversations").status_code == 403
