"""The page of a deployment's domains in both portals, and the administrators' page of domains to look at."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core.transaction import transaction
from app.deployments.domains import add_domain, require_review
from app.deployments.models import AllowedDomain, Deployment
from app.extensions import db
from app.identity.models import User
from app.web.house import House
from tests.core.receivers import answer, receiver
from tests.factories import actor_for, committing, make_deployment, make_user
from tests.guards.test_pages import check_html
from tests.support.portal import Person, sign_in

HX = {"HX-Request": "true"}
EVIL = "https://evil.exemple"


class Desk:
    """An editor before the domains of his deployment."""

    def __init__(self, house: House, *domains: str, portal: str = "editeur") -> None:
        with committing():
            self.editor = make_user("editeur")
            self.id = make_deployment(self.editor, domains=domains).id
            self.actor = actor_for(self.editor, "editeur")
            self.editor_id = self.editor.id
            self.person = sign_in(house, self.editor if portal == "editeur" else make_user("super-admin"))
        self.url = f"/{portal}/deploiements/{self.id}/domaines"

    def page(self) -> str:
        answered = self.person.get(self.url)
        assert answered.status_code == 200
        check_html(self.url, answered.get_data(as_text=True))
        return answered.get_data(as_text=True)

    def domain_id(self, host: str) -> str:
        with committing():
            found = select(AllowedDomain.id).where(AllowedDomain.deployment_id == self.id, AllowedDomain.host == host)
            return db.session.scalars(found).one()

    def hosts(self) -> set[str]:
        with committing():
            return set(db.session.scalars(select(AllowedDomain.host).where(AllowedDomain.deployment_id == self.id)))


@pytest.fixture(params=["editeur", "admin"])
def desk(house: House, request: pytest.FixtureRequest) -> Desk:
    return Desk(house, "app.ebp.com", portal=request.param)


def test_a_domain_is_added_switched_removed_and_put_back(desk: Desk) -> None:
    person = desk.person
    assert "app.ebp.com" in desk.page()
    added = person.post(desk.url, {"domain": "*.Client.fr", "environment": "production"})
    assert added.status_code == 303
    assert "*.client.fr est autorisé" in desk.page()
    switch = f"{desk.url}/{desk.domain_id('client.fr')}/etat"
    assert person.post(f"{switch}?actif=0").status_code == 303
    assert "Désactivé" in desk.page()
    assert person.post(f"{switch}?actif=1").status_code == 303
    assert person.post(f"{desk.url}/{desk.domain_id('client.fr')}/retirer").status_code == 303
    page = desk.page()
    assert "*.client.fr est retiré" in page and desk.hosts() == {"app.ebp.com"}
    undo = re.search(r'action="([^"]*/remettre[^"]*)"', page).group(1).replace("&amp;", "&")  # type: ignore[union-attr]
    assert person.post(undo).status_code == 303
    assert desk.hosts() == {"app.ebp.com", "client.fr"}


@pytest.mark.parametrize(
    ("typed", "environment", "words"),
    [
        ("co.uk", "production", "partagé"),
        ("", "production", "Remplissez"),
        ("8.8.8.8", "production", "adresse IP"),
        ("a.fr", "mars", "liste"),
    ],
)
def test_a_refused_domain_is_said_beside_its_field_and_kept(desk: Desk, typed: str, environment: str, words: str) -> None:
    refused = desk.person.post(desk.url, {"domain": typed, "environment": environment})
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    check_html(desk.url, page)
    assert words in page and f'value="{typed}"' in page and desk.hosts() == {"app.ebp.com"}


def test_a_refused_attempt_is_shown_with_its_count_and_allowed_in_one_click(desk: Desk, client: FlaskClient) -> None:
    assert "Aucune en 30 jours" in desk.page()
    for origin in (EVIL, EVIL, None, "http://site.fr", "<b>x</b>"):
        client.post("/api/widget/v1/init", json={"deployment_key": desk.id}, headers={"Origin": origin} if origin else {})
    page = desk.page()
    assert EVIL in page and "Sans page d’origine" in page and "En http" in page and "<b>x" not in page
    assert desk.person.post(f"{desk.url}/autoriser", {"origine": EVIL}).status_code == 303
    page = desk.page()
    assert "evil.exemple est autorisé" in page and "Autorisée depuis" in page
    assert client.post("/api/widget/v1/init", json={"deployment_key": desk.id}, headers={"Origin": EVIL}).status_code == 200
    desk.person.post(f"{desk.url}/autoriser", {"origine": "https://co.uk"})
    assert "partagé" in desk.page() and "co.uk" not in desk.hosts()


def test_the_diagnosis_is_a_page_and_a_fragment(desk: Desk) -> None:
    with receiver(answer(b"<!doctype html><p>Rien", headers="Content-Type: text/html\r\n")) as site:
        form = {"url": f"http://127.0.0.1:{site.port}/devis"}
        whole = desk.person.post(f"{desk.url}/diagnostic", form)
        fragment = desk.person.post(f"{desk.url}/diagnostic", form, headers=HX).get_data(as_text=True)
    page = whole.get_data(as_text=True)
    assert whole.status_code == 200
    check_html(desk.url, page)
    assert fragment.strip().startswith('<section id="diagnostic"') and "<html" not in fragment
    for words in (page, fragment):
        assert "n’est pas dans la page" in words and "Autoriser ce domaine" in words and f"data-deployment-key=&#34;{desk.id}&#34;" in words
    empty = desk.person.post(f"{desk.url}/diagnostic", {"url": ""})
    assert empty.status_code == 422 and "Écrivez l’adresse d’une page" in empty.get_data(as_text=True)
    refused = desk.person.post(f"{desk.url}/diagnostic", {"url": "http://169.254.169.254/"}).get_data(as_text=True)
    assert "publiques" in refused


def test_another_editors_deployment_does_not_exist(house: House) -> None:
    mine, theirs = Desk(house, "app.ebp.com"), Desk(house, "autre.fr")
    other_domain, own_domain = theirs.domain_id("autre.fr"), mine.domain_id("app.ebp.com")
    mine.page()
    assert mine.person.get(theirs.url).status_code == 404
    for path in (
        theirs.url,
        f"{theirs.url}/autoriser",
        f"{theirs.url}/diagnostic",
        f"{theirs.url}/remettre?domaine=a.fr&environnement=production",
    ):
        assert mine.person.post(path, {"domain": "a.fr", "environment": "production", "origine": EVIL, "url": "a.fr"}).status_code == 404
    for domain_id, url in ((other_domain, mine.url), (other_domain, theirs.url), (own_domain, theirs.url)):
        for verb in ("etat?actif=0", "retirer"):
            assert mine.person.post(f"{url}/{domain_id}/{verb}").status_code == 404
    assert theirs.hosts() == {"autre.fr"}


def test_the_wrong_role_is_refused(house: House) -> None:
    with committing():
        people = [sign_in(house, make_user(role)) for role in ("artisan", "superviseur", "particulier")]
    desk = Desk(house)
    for person in people:
        assert person.get(desk.url).status_code in (303, 403)
        assert person.get("/admin/domaines").status_code in (303, 403)


# The administrators' side ---------------------------------------------------------------------------------------------------


@pytest.fixture
def admin(house: House) -> Person:
    with committing():
        return sign_in(house, make_user("admin"))


def test_an_administrator_asks_for_validation_and_answers(
    house: House, admin: Person, client: FlaskClient, run_jobs: Callable[[], list[str]]
) -> None:
    desk = Desk(house)
    assert "Rien à valider" in admin.get("/admin/domaines").get_data(as_text=True)
    assert admin.post(f"/admin/editeurs/{desk.editor_id}/validation-des-domaines", {"exigee": "1"}).status_code == 303
    assert "Ne plus la demander" in admin.get(f"/admin/editeurs/{desk.editor_id}").get_data(as_text=True)
    assert desk.person.post(desk.url, {"domain": "bâtiment.fr", "environment": "production"}).status_code == 303
    run_jobs()
    said = desk.page()
    assert "bâtiment.fr est enregistré" in said and "Retirer bâtiment.fr" in said, "a sentence has the name as it was typed"
    assert "Attend la validation" in said and "vérifié avant" in said
    listed = admin.get("/admin/domaines").get_data(as_text=True)
    check_html("/admin/domaines", listed)
    assert "xn--btiment-pwa.fr" in listed and "bâtiment.fr" in listed
    answer_url = f"/admin/domaines/{desk.id}/{desk.domain_id('xn--btiment-pwa.fr')}/validation"
    assert desk.person.post(answer_url, {"reponse": "oui"}).status_code in (303, 403)
    assert "Attend la validation" in desk.page()
    admin.post(answer_url, {"reponse": "non", "motif": " "})
    assert "pourquoi" in admin.get("/admin/domaines").get_data(as_text=True)
    assert admin.post(answer_url, {"reponse": "non", "motif": "Pas à vous."}).status_code == 303
    assert "Motif\u00a0: Pas à vous." in desk.page()
    assert admin.post(answer_url, {"reponse": "oui"}).status_code == 303
    assert "Motif" not in desk.page()
    headers = {"Origin": "https://xn--btiment-pwa.fr"}
    assert client.post("/api/widget/v1/init", json={"deployment_key": desk.id}, headers=headers).status_code == 200
    page = desk.person.post(f"{desk.url}/{desk.domain_id('xn--btiment-pwa.fr')}/retirer")
    assert page.status_code == 303 and "Annuler l’action" not in desk.page(), "what takes a validation is not undone by a click"


def test_a_claim_is_listed_and_settled(house: House, admin: Person, run_jobs: Callable[[], list[str]]) -> None:
    one, other = Desk(house), Desk(house)
    for desk in (one, other):
        with transaction(desk.actor):
            add_domain(db.session.get_one(Deployment, desk.id), "partage.fr", "production")
    run_jobs()
    page = admin.get("/admin/domaines").get_data(as_text=True)
    check_html("/admin/domaines", page)
    assert one.editor_id in page and other.editor_id in page and "partage.fr" in page
    settle = re.search(r'action="([^"]*/accord)"', page).group(1)  # type: ignore[union-attr]
    assert admin.post(settle).status_code == 303
    assert "Aucun domaine en double" in admin.get("/admin/domaines").get_data(as_text=True)


def test_the_validation_flag_is_the_platforms(house: House) -> None:
    desk = Desk(house)
    desk.page()
    assert desk.person.post(f"/admin/editeurs/{desk.editor_id}/validation-des-domaines", {"exigee": "1"}).status_code in (303, 403)
    with committing():
        require_review(db.session.get_one(User, desk.editor_id), False)
    desk.person.post(desk.url, {"domain": "a.client.fr", "environment": "production"})
    assert "a.client.fr est autorisé" in desk.page()
