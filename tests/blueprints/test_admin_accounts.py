"""What administrators do to accounts: invitations, roles, suspension, companies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from app.core import clock
from app.core import format as french
from app.extensions import db
from app.identity.models import RoleAssignment, User
from app.identity.service import suspend_user
from app.notifications.models import EmailMessage
from app.web.house import House
from tests.factories import actor_for, committing, make_tie, make_user
from tests.support.portal import Person, sign_in


@pytest.fixture
def admin(house: House) -> Person:
    """An administrator, signed in."""
    with committing():
        person = sign_in(house, make_user("admin"))
    assert person.get("/admin/").status_code == 200
    return person


@pytest.fixture
def super_admin(house: House) -> Person:
    """A super-administrator, signed in."""
    with committing():
        person = sign_in(house, make_user("super-admin"))
    assert person.get("/admin/").status_code == 200
    return person


def found(email: str) -> User | None:
    with committing():
        return db.session.scalar(db.select(User).where(User.email == email))


def invitations() -> list[str]:
    with committing():
        return list(db.session.scalars(db.select(EmailMessage.recipient).where(EmailMessage.kind == "invitation")))


def test_an_editor_is_created_and_invited(admin: Person, run_jobs: Callable[[], list[str]]) -> None:
    answer = admin.post(
        "/admin/editeurs/nouveau",
        {
            "company_name": "EBP",
            "name": "Sophie Bernard",
            "email": "Sophie@EBP.example",
            "siret": "732 829 320 00074",
            "phone": "01 34 94 80 00",
            "website": "ebp.example",
        },
    )
    assert answer.status_code == 303
    run_jobs()
    editor = found("sophie@ebp.example")
    assert editor is not None and editor.status == "invited" and answer.location.endswith(editor.id)
    assert editor.company_info == {"siret": "73282932000074", "phone": "+33134948000", "website": "https://ebp.example"}
    assert invitations() == ["sophie@ebp.example"]
    assert "EBP" in admin.get("/admin/editeurs").text


def test_a_wrong_siret_is_said_beside_its_field(admin: Person) -> None:
    answer = admin.post("/admin/editeurs/nouveau", {"company_name": "EBP", "name": "A B", "email": "a@ebp.example", "siret": "123"})
    assert answer.status_code == 422
    assert 'id="siret-error"' in answer.text and "Rien n’a été enregistré" in answer.text
    assert found("a@ebp.example") is None


def test_what_is_missing_and_what_is_wrong_are_said_at_once(admin: Person) -> None:
    wrong = {"company_name": "", "name": "", "email": "a@", "siret": "123", "phone": "12", "website": "ebp"}
    answer = admin.post("/admin/editeurs/nouveau", wrong)
    assert answer.status_code == 422
    assert [name for name in wrong if f'id="{name}-error"' not in answer.text] == []


def test_a_taken_address_is_said_beside_its_field(admin: Person) -> None:
    with committing():
        make_user("particulier", email="pris@exemple.fr")
    answer = admin.post("/admin/artisans/nouveau", {"company_name": "X", "name": "Y", "email": "pris@exemple.fr"})
    assert answer.status_code == 422 and 'id="email-error"' in answer.text


def test_a_company_is_changed(admin: Person) -> None:
    with committing():
        artisan_id = make_user("artisan", company_info={"phone": "06 12 34 56 78"}).id
    url = f"/admin/artisans/{artisan_id}/modification"
    assert "06 12 34 56 78" in admin.get(url).text
    answer = admin.post(url, {"company_name": "Durant Peinture", "name": "Marc Durant", "phone": "06 98 76 54 32"})
    assert answer.status_code == 303
    with committing():
        artisan = db.session.get_one(User, artisan_id)
        assert (artisan.company_name, artisan.name, artisan.phone) == ("Durant Peinture", "Marc Durant", "+33698765432")
        assert "durant peinture" in artisan.search


def test_a_user_is_invited_in_his_role(admin: Person, run_jobs: Callable[[], list[str]]) -> None:
    page = "/admin/utilisateurs/nouveau"
    answer = admin.post(page, {"name": "Paul Garnier", "email": "paul@weber.example", "role": "fabricant", "company_name": "Weber"})
    assert answer.status_code == 303
    run_jobs()
    assert invitations() == ["paul@weber.example"]
    again = admin.post(answer.location.replace("utilisateurs", "comptes") + "/invitation")
    assert again.status_code == 303
    run_jobs()
    assert invitations() == ["paul@weber.example"] * 2


@pytest.mark.parametrize("role", ["editeur", "artisan", "fabricant"])
def test_an_account_of_a_company_bears_its_name(admin: Person, role: str) -> None:
    page, typed = "/admin/utilisateurs/nouveau", {"name": "Ali Maçon", "email": "ali@exemple.fr", "role": role}
    answer = admin.post(page, typed | {"name": ""})
    assert answer.status_code == 422 and 'id="company_name-error"' in answer.text and 'id="name-error"' in answer.text
    assert admin.post(page, typed | {"company_name": "Maçonnerie Ali"}).status_code == 303
    user = found("ali@exemple.fr")
    assert user is not None and user.company_name == "Maçonnerie Ali"


def test_an_administrator_does_not_make_administrators(admin: Person) -> None:
    page = "/admin/utilisateurs/nouveau"
    assert 'value="admin"' not in admin.get(page).text
    assert admin.post(page, {"name": "Un Ami", "email": "ami@exemple.fr", "role": "super-admin"}).status_code == 422
    assert found("ami@exemple.fr") is None


def test_a_super_administrator_does(super_admin: Person) -> None:
    page = "/admin/utilisateurs/nouveau"
    assert super_admin.post(page, {"name": "Une Collègue", "email": "amie@exemple.fr", "role": "admin"}).status_code == 303
    assert found("amie@exemple.fr") is not None


def test_a_validator_works_for_an_editor_until_a_day(admin: Person) -> None:
    with committing():
        editor, person = make_user("editeur"), make_user("particulier")
        url, editor_id, person_id, email = f"/admin/utilisateurs/{person.id}", editor.id, person.id, editor.email
    answer = admin.post(f"{url}/roles", {"role": "validator", "on_behalf_of": email, "expires_on": "2099-12-31"})
    assert answer.status_code == 303
    with committing():
        given = db.session.scalar(db.select(RoleAssignment).where(RoleAssignment.user_id == person_id, RoleAssignment.role == "validator"))
        assert given is not None and given.on_behalf_of == editor_id
        assert clock.paris_day(given.expires_at).isoformat() == "2099-12-31"
        given_id = given.id
    assert french.day(date(2099, 12, 31)) in admin.get(url).text
    assert admin.post(f"{url}/roles/{given_id}/retrait").status_code == 303
    with committing():
        assert db.session.get_one(RoleAssignment, given_id).active is False


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"role": "validator", "on_behalf_of": "personne@exemple.fr"}, "on_behalf_of"),
        ({"role": "artisan", "expires_on": "2020-01-01"}, "expires_on"),
        ({"role": "conseiller"}, "on_behalf_of"),
        ({"role": "metreur"}, "role"),
        ({"role": "super-admin"}, "role"),
    ],
)
def test_a_role_that_cannot_be_given_says_why(admin: Person, fields: dict[str, str], where: str) -> None:
    with committing():
        person_id = make_user("particulier").id
    url = f"/admin/utilisateurs/{person_id}"
    answer = admin.post(f"{url}/roles", fields)
    assert answer.status_code == 422 and f'id="{where}-error"' in answer.text
    with committing():
        held = db.session.scalars(db.select(RoleAssignment.role).where(RoleAssignment.user_id == person_id)).all()
    assert held == ["particulier"]


def test_a_role_of_somebody_else_is_not_taken(admin: Person) -> None:
    with committing():
        one, other = make_user("artisan"), make_user("artisan")
        role_id = db.session.scalar(db.select(RoleAssignment.id).where(RoleAssignment.user_id == other.id))
        url = f"/admin/utilisateurs/{one.id}"
    assert admin.post(f"{url}/roles/{role_id}/retrait").status_code == 404


def test_a_suspension_is_typed(admin: Person) -> None:
    with committing():
        editor = make_user("editeur")
        editor_id, name = editor.id, editor.display_name
    page, url = f"/admin/editeurs/{editor_id}", f"/admin/comptes/{editor_id}/suspension"
    assert admin.post(url, {"confirmation": "Autre", "retour": "editeur"}).location.endswith(page)
    with committing():
        assert db.session.get_one(User, editor_id).status == "active"
    assert admin.post(url, {"confirmation": name, "motif": "Impayé", "retour": "editeur"}).location.endswith(page)
    shown = admin.get(page).text
    assert "Ce compte est suspendu" in shown and "Impayé" in shown
    assert admin.post(f"/admin/comptes/{editor_id}/retablissement", {"retour": "editeur"}).status_code == 303
    with committing():
        assert db.session.get_one(User, editor_id).status != "suspended"


def test_the_team_is_the_super_administrators(admin: Person) -> None:
    with committing():
        boss = make_user("super-admin")
        page, url, name = f"/admin/utilisateurs/{boss.id}", f"/admin/comptes/{boss.id}/suspension", boss.display_name
        suspended = make_user("metreur")
        suspend_user(actor_for(boss, "super-admin"), suspended, "")
        reopening = f"/admin/comptes/{suspended.id}/retablissement"
    assert "Compte de l’équipe" in admin.get(page).text
    assert admin.post(url, {"confirmation": name}).status_code == 403
    assert admin.post(reopening).status_code == 403


def test_an_open_account_is_not_invited_again(admin: Person) -> None:
    with committing():
        artisan_id = make_user("artisan").id
    assert admin.post(f"/admin/comptes/{artisan_id}/invitation").status_code == 409


def test_lists_are_searched_filtered_and_sorted(admin: Person) -> None:
    with committing():
        editor = make_user("editeur", company_name="Éditions Zeta")
        artisan = make_user("artisan", company_name="Peinture Élan", email="elan@exemple.fr")
        make_tie(editor, artisan)
        make_user("artisan", company_name="Autre Maison")
        editor_id = editor.id
    users = admin.get("/admin/utilisateurs?q=ELAN+peinture&role=artisan&statut=active").text
    assert "Peinture Élan" in users and "Autre Maison" not in users
    tied = admin.get(f"/admin/artisans?editeur={editor_id}").text
    assert "Peinture Élan" in tied and "Autre Maison" not in tied
    names = admin.get("/admin/artisans?tri=-nom").text
    assert names.index("Peinture Élan") < names.index("Autre Maison")
    assert "Éditions Zeta" in admin.get("/admin/editeurs?q=editions").text
    assert "Éditions Zeta" not in admin.get("/admin/editeurs?statut=suspended").text


def test_pages_follow_one_another(admin: Person) -> None:
    with committing():
        for number in range(55):
            make_user("artisan", company_name=f"Maison {number:02}")
    first = admin.get("/admin/artisans").text
    assert "Maison 49" in first and "Maison 50" not in first and "50 sur 55" in first
    following = next(part.split('"')[0] for part in first.split('href="') if part.startswith("/admin/artisans?apres="))
    second = admin.get(following.replace("&amp;", "&")).text
    assert "Maison 54" in second and "Maison 49" not in second
    assert admin.get("/admin/artisans?apres=nimporte").status_code == 422
