"""The price library as its owners keep it: the platform's, and one's own in its place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.core.acting import Actor
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.transaction import transaction
from app.extensions import db
from app.identity.models import User
from app.quoting.catalogue import Catalogue
from app.quoting.models import PriceItem
from app.quoting.prices import PriceValues, forget_own_price, price_in_reach, prices_of, save_price, switch_price
from app.quoting.service import prices_for
from app.web.house import House
from tests.factories import actor_for, committing, make_agent, make_user

VALUES: dict[str, Any] = {
    "code": "carr sol 60",
    "label": "Carrelage grand format",
    "unit": "m²",
    "unit_price": Decimal("95.5"),
    "vat_rate": Decimal(10),
    "trade": "carrelage",
    "keywords": (" dalles ", "dalles", ""),
}


def values(**changes: Any) -> PriceValues:
    return PriceValues(**(VALUES | changes))


@pytest.fixture
def artisan(house: House) -> Actor:
    """An artisan in front of the platform's library."""
    with committing():
        make_agent()
        user: User = make_user("artisan")
        return actor_for(user, "artisan")


def shared(code: str = "CARR-SOL") -> str:
    found = db.session.scalar(db.select(PriceItem.id).where(PriceItem.owner_id.is_(None), PriceItem.code == code))
    assert found is not None
    return found


def test_a_price_is_kept_clean(house: House) -> None:
    with committing():
        item = save_price(None, values())
        assert (item.owner_id, item.code, item.keywords, item.is_active) == (None, "CARR-SOL-60", ["dalles"], True)
        again = save_price(None, values(label="Autre nom"), item.id)
        assert again.id == item.id and again.label == "Autre nom"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", " "),
        ("label", ""),
        ("unit", "litre"),
        ("unit_price", Decimal(0)),
        ("unit_price", Decimal(-1)),
        ("unit_price", Decimal("NaN")),
        ("unit_price", Decimal("1.00001")),
        ("unit_price", Decimal(10**9)),
        ("vat_rate", Decimal(19)),
        ("trade", ""),
    ],
)
def test_a_wrong_value_is_refused_by_its_field(house: House, field: str, value: Any) -> None:
    with committing(), pytest.raises(InvalidError) as caught:
        save_price(None, values(**{field: value}))
    assert list(caught.value.fields) == [field]


def test_a_code_is_taken_once_by_owner(artisan: Actor) -> None:
    with transaction(artisan), pytest.raises(InvalidError) as caught:
        save_price(artisan.account_id, values())
        save_price(artisan.account_id, values(code="CARR-SOL-60"))
    assert list(caught.value.fields) == ["code"]


def test_changing_a_shared_price_makes_ones_own(artisan: Actor) -> None:
    with transaction(artisan):
        item = save_price(artisan.account_id, values(code="AUTRE", unit_price=Decimal(99)), shared())
        assert (item.owner_id, item.code, item.unit_price) == (artisan.account_id, "CARR-SOL", Decimal(99))
        assert price_in_reach(None, shared()).unit_price == Decimal(80)
        rows = db.session.execute(prices_of(artisan.account_id, query="carrelage sol")).all()
        assert [row.unit_price for row in rows if row.code == "CARR-SOL"] == [Decimal(99)]
        assert Catalogue(prices_for(None, artisan.account_id))["CARR-SOL"].unit_price == Decimal(99)
        again = save_price(artisan.account_id, values(code="CARR-SOL", unit_price=Decimal(101)), shared())
        assert again.id == item.id


def test_a_shared_price_is_switched_for_its_owner_only(artisan: Actor) -> None:
    with transaction(artisan):
        item = switch_price(artisan.account_id, shared(), active=False)
        assert item.owner_id == artisan.account_id and not item.is_active
        assert "CARR-SOL" not in Catalogue(prices_for(None, artisan.account_id))
        assert "CARR-SOL" in Catalogue(prices_for(None, None))
        assert switch_price(artisan.account_id, item.id, active=True).id == item.id


def test_forgetting_ones_own_price_gives_the_shared_one_back(artisan: Actor) -> None:
    with transaction(artisan):
        own = save_price(artisan.account_id, values(), shared())
        back = forget_own_price(artisan.account_id or "", own.id)
        assert back is not None and back.id == shared()
        with pytest.raises(ConflictError):
            forget_own_price(artisan.account_id or "", back.id)


def test_another_artisans_price_is_out_of_reach(artisan: Actor) -> None:
    with committing():
        other = make_user("artisan")
        price_id = save_price(other.id, values()).id
    with transaction(artisan):
        for attempt in (price_in_reach, forget_own_price):
            with pytest.raises(NotFoundError):
                attempt(artisan.account_id or "", price_id)


def test_the_library_is_searched_and_filtered(artisan: Actor) -> None:
    with transaction(artisan):
        save_price(artisan.account_id, values())
        switch_price(artisan.account_id, shared("CARR-MUR"), active=False)

        def codes(**filters: str) -> set[str]:
            return {row.code for row in db.session.execute(prices_of(artisan.account_id, **filters))}

        assert codes(query="FAIENCE") == {"CARR-MUR"}
        assert codes(origin="own") == {"CARR-SOL-60", "CARR-MUR"}
        assert codes(state="inactive") == {"CARR-MUR"}
        assert codes(trade="carrelage", origin="shared") == {"CARR-SOL"}
        assert codes(query="100%") == set()
