"""The platform's price library in the administrators' portal."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.extensions import db
from app.quoting.models import PriceItem
from app.web.house import House
from tests.factories import committing, make_agent, make_user
from tests.support.portal import Person, sign_in

FIELDS = {
    "label": "Receveur extra-plat",
    "code": "SDB-REC-XP",
    "trade": "salle_de_bain",
    "unit": "unité",
    "unit_price": "1 250,50",
    "vat_rate": "5.5",
    "keywords": "bac, receveur",
}


@pytest.fixture
def admin(house: House) -> Person:
    """An administrator, signed in, and the library."""
    with committing():
        make_agent()
        person = sign_in(house, make_user("admin"))
    assert person.get("/admin/prix").status_code == 200
    return person


def price(code: str) -> PriceItem | None:
    with committing():
        return db.session.scalar(db.select(PriceItem).where(PriceItem.owner_id.is_(None), PriceItem.code == code))


def test_a_price_is_added_as_people_write_it(admin: Person) -> None:
    assert admin.post("/admin/prix/nouveau", FIELDS).status_code == 303
    kept = price("SDB-REC-XP")
    assert kept is not None and (kept.unit_price, kept.vat_rate, kept.keywords) == (Decimal("1250.5"), Decimal("5.5"), ["bac", "receveur"])
    shown = admin.get(f"/admin/prix/{kept.id}").text
    assert 'value="Receveur extra-plat"' in shown and '<option selected value="5.5">' in shown
    assert "Receveur extra-plat" in admin.get("/admin/prix?q=receveur+bac&metier=salle_de_bain&statut=active").text


@pytest.mark.parametrize(
    ("field", "value"),
    [("unit_price", "mille"), ("unit_price", "0"), ("unit_price", "1,234"), ("vat_rate", "19"), ("label", ""), ("code", "carr-sol")],
)
def test_a_wrong_value_is_said_beside_its_field(admin: Person, field: str, value: str) -> None:
    answer = admin.post("/admin/prix/nouveau", FIELDS | {field: value})
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert price("SDB-REC-XP") is None


def test_a_missing_label_and_a_wrong_price_are_said_at_once(admin: Person) -> None:
    text = admin.post("/admin/prix/nouveau", FIELDS | {"label": "", "unit_price": "1,234"}).text
    assert 'id="label-error"' in text and 'id="unit_price-error"' in text


def test_a_price_is_changed_then_switched(admin: Person) -> None:
    item = price("CARR-SOL")
    assert item is not None
    url = f"/admin/prix/{item.id}"
    assert 'value="80"' in admin.get(url).text
    assert admin.post(url, FIELDS | {"code": "CARR-SOL", "unit_price": "82"}).status_code == 303
    assert admin.post(f"{url}/etat", {"actif": "0"}).location.endswith(url)
    changed = price("CARR-SOL")
    assert changed is not None and (changed.unit_price, changed.is_active) == (Decimal(82), False)
    assert "Retiré des estimations" in admin.get(url).text
    assert admin.post(f"{url}/etat", {"actif": "1"}).status_code == 303
    assert admin.post(f"{url}/commun").status_code == 404
