"""The menus: no link leads to a refusal, one entry is where one is, numbers are counted when a menu is drawn."""

from __future__ import annotations

import re

import pytest

from app.core.acting import Actor
from app.identity.service import assign_role
from app.web import navigation
from app.web.authentication import PORTALS
from app.web.house import House
from tests.factories import actor_for, committing, make_user
from tests.factories.conversations import make_tenant
from tests.support.portal import Person, sign_in

ROLES = ("super-admin", "admin", "superviseur", "metreur", "validator", "fabricant", "particulier")
LINK = re.compile(r'class="nav-item-link([^"]*)"\s+href="([^"]+)"')


def links(person: Person, path: str = "/compte") -> dict[str, bool]:
    """The menu of a page: address, and whether it is the active one."""
    return {href: "is-active" in classes for classes, href in LINK.findall(person.get(path).get_data(as_text=True))}


def assert_open(person: Person) -> None:
    menu = links(person)
    assert menu
    for href in menu:
        assert person.get(href).status_code == 200, href
        shown = links(person, href)  # none on the API's documentation, which is no page of a portal
        assert not shown or [other for other, active in shown.items() if active] == [href]


@pytest.mark.parametrize("role", ROLES)
def test_every_entry_opens(house: House, role: str) -> None:
    with committing():
        person = sign_in(house, make_user(role))
    assert_open(person)


def test_every_entry_opens_for_a_tenant_and_its_staff(house: House) -> None:
    with committing():
        tenant = make_tenant()
        helper = make_user("particulier")
        given = assign_role(actor_for(tenant.editor, "editeur"), helper, "conseiller", on_behalf_of=tenant.editor.id)
        people = [sign_in(house, tenant.editor), sign_in(house, tenant.artisan)]
        staff, given_id = sign_in(house, helper), given.id
    staff.post(f"/espace/{given_id}")
    for person in (*people, staff):
        assert_open(person)
    assert not [href for href in links(staff) if "deploiements" in href]


def test_pages_that_lie_elsewhere_light_their_entry(house: House) -> None:
    with committing():
        person = sign_in(house, make_user("admin"))
    for path in ("/admin/fournisseurs-ia", "/admin/fournisseurs-ia/devises", "/admin/intelligence-artificielle"):
        assert [href for href, active in links(person, path).items() if active] == ["/admin/intelligence-artificielle"], path


def test_every_portal_has_a_menu_and_a_name() -> None:
    assert set(navigation.MENUS) == set(navigation.LABELS) == set(PORTALS)


def test_what_does_not_exist_is_not_shown(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        navigation.MENUS, "fabricant", (navigation.Item("Nulle part", "home", "fabricant.nowhere"), *navigation.MENUS["fabricant"])
    )
    with committing():
        person = sign_in(house, make_user("fabricant"))
    assert "Nulle part" not in person.get("/compte").get_data(as_text=True)


def test_numbers_are_counted_for_menus_only(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Actor] = []

    def count(actor: Actor) -> int:
        asked.append(actor)
        return 7

    monkeypatch.setitem(navigation._badges, "notifications.index", navigation.Badge(count, "action"))
    with committing():
        user = make_user("fabricant")
        person, user_id = sign_in(house, user), user.id
    assert re.search(r'badge-count badge-action">\s*7', person.get("/compte").get_data(as_text=True))
    assert [actor.user_id for actor in asked] == [user_id]
    person.get("/notifications/cloche")
    assert len(asked) == 1


def test_an_error_page_asks_nothing_of_the_database(house: House) -> None:
    with committing():
        person = sign_in(house, make_user("fabricant"))
    assert person.get("/nulle-part").status_code == 404
    with house.app_context():
        assert person.client.post("/compte", data={}).status_code == 400
