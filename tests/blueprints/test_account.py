"""What a person sets for himself, page by page, and what belongs to somebody else."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from PIL import Image

from app.extensions import db
from app.identity.models import ApiKey, RoleAssignment, User
from app.identity.service import assign_role, authenticate
from app.notifications.models import EmailMessage, Notification
from app.notifications.preferences import refused_kinds, unsubscribe_url
from app.notifications.service import notify
from app.web.house import House
from tests.factories import PASSWORD, actor_for, committing, make_user
from tests.support.portal import Person, sign_in

Jobs = Callable[[], list[str]]
OTHER = "une autre phrase secrète"
PAGES = ("/compte", "/compte/securite", "/compte/mot-de-passe", "/compte/adresse", "/compte/notifications", "/notifications")
ROLES = ("super-admin", "admin", "superviseur", "metreur", "validator", "editeur", "artisan", "fabricant", "particulier")


def person_in(house: House, role: str, **values: str) -> tuple[Person, str]:
    with committing():
        user = make_user(role, **values)
        return sign_in(house, user), user.id


@pytest.fixture
def paul(house: House) -> tuple[Person, str]:
    return person_in(house, "artisan", email="paul@durant.fr", password=PASSWORD, company_name="Durant Peinture")


def row(user_id: str) -> User:
    """Call inside `committing()`."""
    return db.session.get_one(User, user_id)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_its_account(house: House, role: str) -> None:
    person, _ = person_in(house, role)
    for path in PAGES:
        page = person.get(path)
        text = page.get_data(as_text=True)
        assert page.status_code == 200, path
        assert len(re.findall(r"<h1", text)) == 1 and "Navigation principale" in text
    company = person.get("/compte/entreprise")
    assert company.status_code == (200 if role in ("editeur", "artisan", "fabricant") else 403)
    assert ("depuis leur conversation" in company.get_data(as_text=True)) is (role == "artisan"), "only an artisan is called from a chat"
    makes = role in ("super-admin", "admin", "editeur", "artisan", "fabricant")
    assert person.get("/compte/cles").status_code == (200 if makes else 403)


@pytest.mark.parametrize("path", [*PAGES, "/compte/entreprise", "/compte/cles", "/compte/adresse/x", "/notifications/cloche"])
def test_a_stranger_is_asked_to_sign_in(house: House, path: str) -> None:
    response = Person(house).get(path)
    assert response.status_code == 303 and response.location.startswith(
        "/connexion?suite=%2F" if "%2F" in response.location else "/connexion?suite=/"
    )


def test_renaming(paul: tuple[Person, str]) -> None:
    person, user_id = paul
    assert person.post("/compte", {"name": "Paul D."}).status_code == 303
    assert "Profil enregistré" in person.get("/compte").get_data(as_text=True)
    refused = person.post("/compte", {"name": " \u200b"})
    assert refused.status_code == 422
    with committing():
        assert row(user_id).name == "Paul D."


def test_the_company_page_names_what_is_wrong(paul: tuple[Person, str]) -> None:
    person, user_id = paul
    good = {"company_name": "Durant", "siret": "73282932000074", "phone": "0612345678", "address": "12 rue", "website": "durant.fr"}
    assert person.post("/compte/entreprise", good).status_code == 303
    page = person.get("/compte/entreprise").get_data(as_text=True)
    assert 'value="732 829 320 00074"' in page and 'value="06 12 34 56 78"' in page
    refused = person.post("/compte/entreprise", good | {"siret": "1", "phone": "2", "company_name": "Autre"})
    text = refused.get_data(as_text=True)
    assert refused.status_code == 422 and "SIRET n’est pas valide" in text and "téléphone n’est pas valide" in text
    with committing():
        assert row(user_id).company_name == "Durant"
    at_once = person.post("/compte/entreprise", good | {"company_name": "", "siret": "1", "website": "x"}).get_data(as_text=True)
    assert all(f'id="{name}-error"' in at_once for name in ("company_name", "siret", "website"))


def picture(mode: str = "RGBA", size: tuple[int, int] = (900, 300)) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, (30, 80, 140, 120) if mode == "RGBA" else (30, 80, 140)).save(out, "PNG")
    return out.getvalue()


def test_a_logo_is_reencoded_and_served(paul: tuple[Person, str], run_jobs: Jobs) -> None:
    person, user_id = paul
    company = {"company_name": "Durant"}
    sent = person.post("/compte/entreprise", company | {"logo": (io.BytesIO(picture()), "logo.png")})
    assert sent.status_code == 303
    waiting = person.get("/compte/entreprise").get_data(as_text=True)
    assert "Préparation du logo" in waiting and 'hx-trigger="every 2s"' in waiting
    assert run_jobs() == ["process_logo"]
    with committing():
        url = row(user_id).branding["logo_url"]
    shown = person.get("/compte/entreprise/logo").get_data(as_text=True)
    assert url.replace("&", "&amp;") in shown and "every 2s" not in shown and "<html" not in shown
    image = person.get(url)
    assert image.mimetype == "image/webp" and Image.open(io.BytesIO(image.data)).size == (480, 160)
    assert person.get(url.replace("s=", "s=x")).status_code == 403
    person.post("/compte/entreprise", company | {"logo": (io.BytesIO(picture(size=(50, 50))), "logo.png")})
    run_jobs()
    assert person.get(url).status_code == 404  # the one before is gone
    assert person.post("/compte/entreprise/logo/retrait").status_code == 303
    with committing():
        assert "logo_url" not in row(user_id).branding


def test_a_bad_logo_is_refused_in_words(paul: tuple[Person, str], run_jobs: Jobs) -> None:
    person, user_id = paul
    for name, data in (("logo.svg", b"<svg onload=alert(1)>"), ("logo.png", b"%PDF-1.4")):
        refused = person.post("/compte/entreprise", {"company_name": "Volé", "logo": (io.BytesIO(data), name)})
        assert refused.status_code == 422 and "Un logo est une image" in refused.get_data(as_text=True)
    person.post("/compte/entreprise", {"company_name": "Durant", "logo": (io.BytesIO(picture()[:80]), "logo.png")})
    run_jobs()
    assert "n’a pas pu être utilisé" in person.get("/compte/entreprise").get_data(as_text=True)
    with committing():
        assert row(user_id).company_name == "Durant" and "logo_url" not in row(user_id).branding


def test_changing_the_password_keeps_this_browser_only(house: House, paul: tuple[Person, str], run_jobs: Jobs) -> None:
    person, user_id = paul
    elsewhere = Person(house).signed_in(user_id, 1)
    assert elsewhere.get("/compte").status_code == 200
    assert person.post("/compte/mot-de-passe", {"current": "faux", "password": OTHER}).status_code == 422
    assert person.post("/compte/mot-de-passe", {"current": PASSWORD, "password": "court"}).status_code == 422
    assert person.post("/compte/mot-de-passe", {"current": PASSWORD, "password": OTHER}).status_code == 303
    assert person.get("/compte").status_code == 200 and elsewhere.get("/compte").status_code == 303
    run_jobs()
    with committing():
        assert [email.kind for email in db.session.scalars(db.select(EmailMessage))] == ["account"]


def test_somebody_without_a_password_chooses_one(house: House) -> None:
    person, _ = person_in(house, "particulier", email="m.martin@exemple.fr")
    assert "Choisir un mot de passe" in person.get("/compte/securite").get_data(as_text=True)
    assert person.post("/compte/mot-de-passe", {"password": PASSWORD}).status_code == 303
    with committing():
        assert authenticate("m.martin@exemple.fr", PASSWORD)


def test_signing_out_elsewhere(house: House, paul: tuple[Person, str]) -> None:
    person, user_id = paul
    elsewhere = Person(house).signed_in(user_id, 1)
    assert person.post("/compte/deconnexion-ailleurs").status_code == 303
    assert person.get("/compte").status_code == 200 and elsewhere.get("/compte").status_code == 303


def confirmation(run_jobs: Jobs) -> str:
    run_jobs()
    with committing():
        email = db.session.scalars(db.select(EmailMessage).where(EmailMessage.kind == "email-change")).one()
        found = re.search(r"http://localhost(/compte/adresse/\S+)", email.text)
    assert found is not None and email.recipient == "nouveau@durant.fr"
    return found.group(1)


def test_the_address_changes_once_confirmed_and_the_old_one_is_told(house: House, paul: tuple[Person, str], run_jobs: Jobs) -> None:
    person, user_id = paul
    elsewhere = Person(house).signed_in(user_id, 1)
    assert person.post("/compte/adresse", {"email": "nouveau@durant.fr", "current": "faux"}).status_code == 422
    assert person.post("/compte/adresse", {"email": "paul@durant.fr", "current": PASSWORD}).status_code == 422
    assert person.post("/compte/adresse", {"email": "nouveau@", "current": PASSWORD}).status_code == 422
    assert person.post("/compte/adresse", {"email": "Nouveau@durant.fr", "current": PASSWORD}).status_code == 303
    path = confirmation(run_jobs)
    with committing():
        assert row(user_id).email == "paul@durant.fr"
        stranger = sign_in(house, make_user("artisan"))
    stranger.get("/compte")
    assert Person(house).get(path).status_code == 303
    assert stranger.get(path).status_code == 410 and stranger.post(path).status_code == 410
    assert person.get(path).status_code == 200
    assert person.post(path).status_code == 303
    assert person.get("/compte").status_code == 200 and elsewhere.get("/compte").status_code == 303
    assert person.post(path).status_code == 410
    with committing():
        assert row(user_id).email == "nouveau@durant.fr"
        told = db.session.scalars(db.select(EmailMessage).where(EmailMessage.kind == "email-changed")).one()
        assert told.recipient == "paul@durant.fr" and "nouveau@durant.fr" in told.text


def test_a_taken_address_is_told_only_to_who_reads_it(paul: tuple[Person, str], run_jobs: Jobs) -> None:
    person, user_id = paul
    with committing():
        make_user("artisan", email="nouveau@durant.fr")
    asked = person.post("/compte/adresse", {"email": "nouveau@durant.fr", "current": PASSWORD})
    assert asked.status_code == 303
    path = confirmation(run_jobs)
    person.get(path)
    assert person.post(path).status_code == 303
    assert "Un autre compte utilise déjà cette adresse" in person.get("/compte/securite").get_data(as_text=True)
    with committing():
        assert row(user_id).email == "paul@durant.fr"


def test_a_key_is_shown_once_and_revoked_by_its_name(house: House) -> None:
    person, user_id = person_in(house, "editeur")
    form = {"name": "Serveur", "access": "some", "life": "30"}
    assert "Cochez au moins une permission" in person.post("/compte/cles", form).get_data(as_text=True)
    assert person.post("/compte/cles", form | {"scopes": "users.manage"}).status_code == 422
    assert person.post("/compte/cles", form | {"scopes": ["artisans.view", "artisans.link"]}).status_code == 303
    with person.client.session_transaction() as session:
        assert "aim_" not in str(dict(session))
    first, second = (person.get("/compte/cles").get_data(as_text=True) for _ in range(2))
    assert '<td role="cell" data-label="Nom" class="cell-main">Serveur</td>' in second, "the title of its card on a phone"
    secret = re.search(r"aim_[0-9A-Za-z]{40,}", first)
    assert secret is not None and secret.group() not in second and "2\u00a0permissions" in second
    api = house.test_client()
    with house.app_context():
        assert api.get("/api/editor/artisans", headers={"X-API-Key": secret.group()}).status_code == 200
        assert api.get("/api/editor/deployments", headers={"X-API-Key": secret.group()}).status_code == 403
    with committing():
        key = db.session.scalars(db.select(ApiKey)).one()
        assert (key.kind, key.role, key.owner_id) == ("key", "editeur", user_id) and key.expires_at is not None
        key_id = key.id
        stranger = sign_in(house, make_user("editeur"))
    stranger.get("/compte/cles")
    assert stranger.post(f"/compte/cles/{key_id}/revocation", {"confirmation": "Serveur"}).status_code == 404
    person.post(f"/compte/cles/{key_id}/revocation", {"confirmation": "autre"})
    with committing():
        assert db.session.get_one(ApiKey, key_id).revoked_at is None
    person.post(f"/compte/cles/{key_id}/revocation", {"confirmation": "Serveur"})
    with house.app_context():
        assert api.get("/api/editor/artisans", headers={"X-API-Key": secret.group()}).status_code == 401


def test_an_artisan_makes_tokens(paul: tuple[Person, str]) -> None:
    person, _ = paul
    assert person.post("/compte/cles", {"name": "Téléphone", "access": "all", "life": ""}).status_code == 303
    assert "aimt_" in person.get("/compte/cles").get_data(as_text=True)
    with committing():
        token = db.session.scalars(db.select(ApiKey)).one()
        assert (token.kind, token.scopes, token.expires_at) == ("token", [], None)


def test_staff_of_an_account_make_no_key_of_it(house: House) -> None:
    with committing():
        editor, helper = make_user("editeur"), make_user("particulier")
        assign_role(actor_for(editor, "editeur"), helper, "conseiller", on_behalf_of=editor.id)
        person = sign_in(house, helper, portal="editeur")
    assert person.get("/compte/cles").status_code == 403
    assert person.get("/compte/entreprise").status_code == 403


def test_switching_to_another_role(house: House) -> None:
    with committing():
        editor, helper = make_user("editeur", company_name="EBP"), make_user("particulier", name="Anne Petit")
        given = assign_role(actor_for(editor, "editeur"), helper, "conseiller", on_behalf_of=editor.id)
        own = db.session.scalars(
            db.select(RoleAssignment.id).where(RoleAssignment.user_id == helper.id, RoleAssignment.role == "particulier")
        ).one()
        person, given_id = sign_in(house, helper), given.id
        stranger = sign_in(house, make_user("artisan"))
    page = person.get("/compte").get_data(as_text=True)
    assert "Espace client" in page and "Espace éditeur · EBP" in page
    assert person.post(f"/espace/{given_id}").status_code == 303
    assert re.search(r'brand-name">\s*EBP', person.get("/compte").get_data(as_text=True))
    assert person.post(f"/espace/{own}").status_code == 303
    assert re.search(r'brand-name">\s*AI-Manager', person.get("/compte").get_data(as_text=True))
    stranger.get("/compte")
    assert stranger.post(f"/espace/{given_id}").status_code == 404


def test_preferences_offer_what_concerns_the_person(paul: tuple[Person, str], house: House) -> None:
    person, user_id = paul
    page = person.get("/compte/notifications").get_data(as_text=True)
    assert "Un client souhaite vous parler" in page and "Un webhook" not in page
    assert person.post("/compte/notifications", {"contact_asked": "y", "project_created": "y", "account": ""}).status_code == 303
    with committing():
        assert refused_kinds(user_id) == {"session_completed", "link_proposed"}
    nothing, _ = person_in(house, "fabricant")
    text = nothing.get("/compte/notifications").get_data(as_text=True)
    assert "pas d’autre e-mail" in text and "ces choix" not in text


def tell(user_id: str, count: int = 1) -> str:
    with committing():
        for number in range(count):
            notify(user_id, kind="contact_asked", title=f"Appel {number}", body="Rappelez.", url="/compte/securite")
        return str(db.session.scalars(db.select(Notification.id).where(Notification.user_id == user_id)).first())


def test_the_bell_and_the_list(house: House, paul: tuple[Person, str]) -> None:
    person, user_id = paul
    assert "Aucune notification" in person.get("/notifications").get_data(as_text=True)
    first = tell(user_id, 35)
    bell = person.get("/notifications/cloche").get_data(as_text=True)
    assert "35 non lues" in bell and "<html" not in bell
    page = person.get("/notifications").get_data(as_text=True)
    assert page.count("Marquer comme lue") == 30 and "apres=" in page and "30 sur 35" in page
    older = person.get(re.search(r'rel="next"[^>]*href="([^"]+)"', page).group(1).replace("&amp;", "&")).get_data(as_text=True)  # type: ignore[union-attr]
    assert older.count("Marquer comme lue") == 5
    assert person.get(f"/notifications/{first}").location == "/compte/securite"
    assert "34 non lues" in person.get("/notifications/cloche").get_data(as_text=True)
    with committing():
        stranger = sign_in(house, make_user("artisan"))
    stranger.get("/compte")
    assert stranger.get(f"/notifications/{first}").status_code == 404
    assert stranger.post(f"/notifications/{first}/lue").status_code == 404
    assert person.post(f"/notifications/{first}/lue").status_code == 303
    assert person.post("/notifications/lues").status_code == 303
    assert "Tout est lu" in person.get("/notifications?voir=non-lues").get_data(as_text=True)
    assert person.get("/notifications?apres=faux").status_code == 422


def test_unsubscribing_by_one_click_and_coming_back(house: House, paul: tuple[Person, str]) -> None:
    _, user_id = paul
    with committing():
        path = unsubscribe_url(user_id, "contact_asked").removeprefix("http://localhost")
    stranger = Person(house)
    assert "Un client souhaite vous parler" in stranger.get(path).get_data(as_text=True)
    with committing():
        assert refused_kinds(user_id) == set()
    with house.app_context():  # a mail program: no cookie, no token
        one_click = house.test_client().post(path, data={"List-Unsubscribe": "One-Click"})
    assert one_click.status_code == 200
    with committing():
        assert refused_kinds(user_id) == {"contact_asked"}
    assert "Les recevoir à nouveau" in stranger.get(path).get_data(as_text=True)
    assert stranger.post(path, {"reprendre": "1"}).status_code == 200
    with committing():
        assert refused_kinds(user_id) == set()
    assert stranger.get(path + "x").status_code == 404
    assert stranger.post(path.replace("contact_asked", "account")).status_code == 404
