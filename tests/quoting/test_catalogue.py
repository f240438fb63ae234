"""Finding prices by code, by trade and by words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.quoting.catalogue import Catalogue
from app.quoting.library_seed import PLATFORM_PRICES
from tests.quoting.samples import BATHROOM, CATALOGUE, entry


def found(**criteria: object) -> list[str]:
    return [item.code for item in CATALOGUE.search(**criteria)]  # type: ignore[arg-type]


def test_a_code_is_found_whatever_its_case() -> None:
    assert CATALOGUE["carr-sol"] is CATALOGUE[" CARR-SOL "]
    assert CATALOGUE.get("INCONNU") is None
    assert len(CATALOGUE) == len(list(CATALOGUE)) == 5


def test_the_last_entry_of_a_code_wins() -> None:
    own = Catalogue([*BATHROOM, entry("carr-sol", "Carrelage au sol", "m²", "95")])
    assert own["CARR-SOL"].unit_price == Decimal(95)
    assert len(own) == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("carrelage sol", ["CARR-SOL", "CARR-MUR"]),
        ("FAIENCE", ["CARR-MUR"]),
        ("carreler le mur", ["CARR-MUR", "CARR-SOL"]),
        ("douches italiennes", ["SDB-DOUCHE-IT"]),
        ("dépose", ["SDB-DEPOSE"]),
        ("toiture", []),
    ],
)
def test_words_find_the_best_first(text: str, expected: list[str]) -> None:
    assert found(text=text) == expected


def test_a_trade_narrows_the_search() -> None:
    assert found(trade="Plomberie") == ["SDB-PLOMB"]
    assert found(trade="salle de bain", text="douche") == ["SDB-DOUCHE-IT"]
    assert found(trade="plomberie", text="douche") == []


def test_a_trade_nobody_carries_counts_as_words() -> None:
    assert found(trade="faïence") == ["CARR-MUR"]


def test_codes_come_first_and_once() -> None:
    assert found(codes=["sdb-plomb", "CARR-SOL", "carr-sol", "INCONNU"]) == ["SDB-PLOMB", "CARR-SOL"]
    assert found(codes=["CARR-MUR"], text="carrelage") == ["CARR-MUR", "CARR-SOL"]


def test_without_criterion_the_first_entries() -> None:
    assert found(limit=2) == ["CARR-MUR", "CARR-SOL"]
    assert Catalogue().search(text="carrelage") == []


def test_the_delivered_library_holds_the_journey() -> None:
    """PRODUCT.md, the journey, step 3: the same units, prices and rate as the samples."""
    delivered = {price.code: price for price in PLATFORM_PRICES}
    assert len(delivered) == len(PLATFORM_PRICES)
    for item in BATHROOM:
        price = delivered[item.code]
        assert (price.unit, Decimal(price.unit_price), Decimal(price.vat_rate)) == (item.unit, item.unit_price, item.vat_rate)


def test_a_word_finds_its_family() -> None:
    library = Catalogue([entry("PEINT", "Peinture des murs", "m²", "25", "peinture"), *BATHROOM])
    assert [item.code for item in library.search(text="repeindre ou peindre")] == ["PEINT"]
