"""Every page of the administrators' portal: page, fragment, nobody, wrong role."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.audit.service import record
from app.conversations.models import Session
from app.core import clock
from app.extensions import db
from app.notifications.models import EmailMessage
from app.quoting.models import PriceItem
from app.web.house import House
from tests.factories import committing, make_user
from tests.factories.browser import sign_in
from tests.factories.conversations import make_tenant, open_chat
from tests.support.portal import sign_in as person_of
from tests.support.statements import sent

LISTS = ("utilisateurs", "editeurs", "artisans", "conversations", "prix", "envois", "journal")
FORMS = ("utilisateurs/nouveau", "editeurs/nouveau", "artisans/nouveau", "prix/nouveau")


@pytest.fixture
def urls(house: House) -> Callable[[], list[str]]:
    """Makes a platform at work; gives every page about one of its objects."""

    def make() -> list[str]:
        with committing():
            tenant = make_tenant()
            editor_id, artisan_id = tenant.editor.id, tenant.artisan.id
        chat = open_chat(tenant, recipient={"name": "Élodie Martin"})
        with committing():
            session = db.session.get_one(Session, chat.session_id)
            session.started_at, session.title = clock.now(), "Salle de bain, 8 m²"
            email = EmailMessage(recipient="a@exemple.fr", kind="account", subject="Bonjour", text="Bonjour\n", html="<p>Bonjour</p>")
            db.session.add(email)
            record("user.created", editor_id, role="editeur")
            price = db.session.scalar(db.select(PriceItem.id).where(PriceItem.code == "CARR-SOL"))
            email_id = email.id
        return [
            f"/admin/utilisateurs/{editor_id}",
            f"/admin/editeurs/{editor_id}",
            f"/admin/editeurs/{editor_id}/modification",
            f"/admin/artisans/{artisan_id}",
            f"/admin/artisans/{artisan_id}/modification",
            f"/admin/conversations/{chat.session_id}",
            f"/admin/conversations/{chat.session_id}/messages",
            f"/admin/envois/{email_id}",
            f"/admin/prix/{price}",
        ]

    return make


def someone(client: FlaskClient, role: str) -> None:
    with committing():
        user = make_user(role)
    sign_in(client, user, role)


@pytest.mark.parametrize("role", ["admin", "super-admin"])
def test_every_page_answers(client: FlaskClient, urls: Callable[[], list[str]], role: str) -> None:
    pages = ["/admin/", *(f"/admin/{name}" for name in LISTS + FORMS), *urls()]
    someone(client, role)
    for url in pages:
        page = client.get(url)
        assert page.status_code == 200, url
        if not url.endswith("/messages"):
            assert page.text.count("<h1") == 1, url


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_also_a_fragment(client: FlaskClient, urls: Callable[[], list[str]], name: str) -> None:
    urls()
    someone(client, "admin")
    fragment = client.get(f"/admin/{name}", headers={"HX-Request": "true"})
    assert fragment.status_code == 200
    assert fragment.text.strip().startswith('<section id="liste">')
    assert "<html" not in fragment.text


@pytest.mark.parametrize("name", LISTS)
def test_a_list_without_a_match_says_so(client: FlaskClient, name: str) -> None:
    someone(client, "admin")
    page = client.get(f"/admin/{name}?q=zzzzqqqq")
    assert page.status_code == 200
    assert "correspond" in page.text


def test_nobody_signs_in_first(client: FlaskClient, urls: Callable[[], list[str]]) -> None:
    for url in ["/admin/", *(f"/admin/{name}" for name in LISTS + FORMS), *urls()]:
        answer = client.get(url)
        assert answer.status_code == 303 and "/connexion" in answer.location, url


@pytest.mark.parametrize("role", ["editeur", "artisan", "particulier"])
def test_another_portal_is_refused(client: FlaskClient, urls: Callable[[], list[str]], role: str) -> None:
    pages = ["/admin/", *(f"/admin/{name}" for name in LISTS), *urls()]
    someone(client, role)
    for url in pages:
        assert client.get(url).status_code == 403, url


def test_a_supervisor_sees_figures_and_no_content(client: FlaskClient, urls: Callable[[], list[str]]) -> None:
    pages = [*(f"/admin/{name}" for name in LISTS), *urls()]
    someone(client, "superviseur")
    home = client.get("/admin/")
    assert home.status_code == 200
    assert "Conversations ouvertes" in home.text and "Élodie" not in home.text and "Salle de bain" not in home.text
    assert '<span class="stat-value num">1</span>' in home.text
    for url in pages:
        assert client.get(url).status_code == 403, url


def test_an_unknown_object_is_not_found(client: FlaskClient, house: House) -> None:
    someone(client, "admin")
    for url in (
        "/admin/utilisateurs/usr_x",
        "/admin/editeurs/usr_x",
        "/admin/artisans/usr_x",
        "/admin/conversations/sess_x",
        "/admin/envois/eml_x",
        "/admin/prix/prc_x",
    ):
        assert client.get(url).status_code == 404, url


def test_an_artisan_is_no_editor(client: FlaskClient, house: House) -> None:
    with committing():
        artisan_id = make_user("artisan").id
    someone(client, "admin")
    assert client.get(f"/admin/editeurs/{artisan_id}").status_code == 404


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_a_bounded_number_of_questions(house: House, name: str) -> None:
    """The same number for ten rows or for twenty."""
    counts: list[int] = []
    with committing():
        admin = person_of(house, make_user("admin"))
    for _ in range(2):
        with committing():
            for _ in range(10):
                make_tenant()
                db.session.add(EmailMessage(recipient="a@exemple.fr", kind="account", subject="B", text="B", html="B"))
        with sent() as seen:
            assert admin.get(f"/admin/{name}", headers={"HX-Request": "true"}).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12, seen
