"""Money: rounding, VAT per rate, reading what comes from outside, writing JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import (
    VAT_RATES,
    AmountError,
    Totals,
    VatLine,
    dumps_money,
    line_total,
    parse_amount,
    price_to_json,
    round_cents,
    to_json,
    totals,
    trimmed,
)


class Line(NamedTuple):
    total_ht: Decimal
    vat_rate: Decimal


amounts = st.decimals(min_value=Decimal("-1e9"), max_value=Decimal("1e9"), places=2)
lines = st.builds(Line, amounts, st.sampled_from(VAT_RATES))


def half_away_from_zero(exact: Fraction) -> Decimal:
    """The rule, written a second way: on whole cents of an exact fraction."""
    cents = int(abs(exact) * 100 + Fraction(1, 2))
    return Decimal(cents if exact >= 0 else -cents).scaleb(-2)


def test_vat_is_rounded_once_per_rate() -> None:
    """The example of EN 16931: 5.49 per rate, where rounding per line gives 5.48."""
    rate = Decimal("5.5")
    result = totals([Line(Decimal("54.45"), rate), Line(Decimal("33.33"), rate), Line(Decimal("12.05"), rate)])
    assert result.vat == (VatLine(rate, Decimal("99.83"), Decimal("5.49")),)
    assert result.total_ttc == Decimal("105.32")


def test_totals_of_nothing() -> None:
    assert totals([]) == Totals(Decimal(0), (), Decimal(0))


def test_rates_come_highest_first_and_equal_rates_are_one() -> None:
    result = totals([Line(Decimal(100), Decimal("5.5")), Line(Decimal(100), Decimal("20.00")), Line(Decimal(50), Decimal(20))])
    assert [(tax.rate, tax.base, tax.amount) for tax in result.vat] == [(20, 150, 30), (Decimal("5.5"), 100, Decimal("5.50"))]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("1.004999999999", "1.00"), ("1e11", "100000000000.00")],
)
def test_cents_are_rounded_half_away_from_zero(value: str, expected: str) -> None:
    assert str(round_cents(Decimal(value))) == expected


@given(st.lists(lines, max_size=30))
def test_totals_are_the_sum_of_their_parts(some: list[Line]) -> None:
    result = totals(some)
    assert result.total_ht == sum((line.total_ht for line in some), Decimal(0))
    assert result.total_ttc == result.total_ht + sum((tax.amount for tax in result.vat), Decimal(0))
    assert {tax.rate for tax in result.vat} == {line.vat_rate for line in some}
    for tax in result.vat:
        assert tax.base == sum(line.total_ht for line in some if line.vat_rate == tax.rate)
        assert tax.amount == half_away_from_zero(Fraction(tax.base) * Fraction(tax.rate) / 100)


@given(st.lists(lines, max_size=12).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_lines_changes_nothing(pair: tuple[list[Line], list[Line]]) -> None:
    assert totals(pair[0]) == totals(pair[1])


@given(
    st.decimals(min_value=0, max_value=100_000, places=3),
    st.decimals(min_value=0, max_value=1_000_000, places=4),
)
def test_a_line_is_rounded_once(quantity: Decimal, unit_price: Decimal) -> None:
    assert line_total(quantity, unit_price) == half_away_from_zero(Fraction(quantity) * Fraction(unit_price))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, "3"),
        (2.5, "2.5"),
        (0.1, "0.1"),
        (Decimal("1.2345"), "1.2345"),
        ("80", "80"),
        ("80 €", "80"),
        ("€80", "80"),
        ("80\u00a0EUR", "80"),
        ("12 euros", "12"),
        ("1 200,50", "1200.50"),
        ("1\u202f200,50\u00a0€", "1200.50"),
        ("1,200.50", "1200.50"),
        ("1.200,50", "1200.50"),
        ("1 200 300", "1200300"),
        ("1,200,300", "1200300"),
        ("1 200", "1200"),
        ("0,125", "0.125"),
        ("12,5", "12.5"),
        ("1234.567", "1234.567"),
        ("-12,50 €", "-12.5"),
        ("−3", "-3"),
        ("+4", "4"),
    ],
)
def test_numbers_that_read_one_way_are_read(value: object, expected: str) -> None:
    assert parse_amount(value) == Decimal(expected)


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        None,
        [],
        {},
        b"12",
        float("nan"),
        float("inf"),
        -float("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        Decimal("1e999999"),
        Decimal("1e-999999"),
        1e300,
        1e-300,
        pytest.param(10**5000, id="huge"),
        -(10**12),
        "",
        "€",
        "abc",
        "1,200",
        "12.345",
        "12 34",
        "1 200.5.5",
        "1,2,3",
        "1.200.50",
        "1e5",
        "0x10",
        "--5",
        "+-5",
        "- 5",
        "٣",
        "²",
        "12_000",
        "NaN",
        "Infinity",
        "dix",
        "80 $",
        "80 € 90 €",
        "1" * 41,
        "1" * 13,
    ],
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(AmountError):
        parse_amount(value)


@given(st.one_of(st.text(), st.text("0123456789 .,€-+\u202f", max_size=14), st.integers(), st.floats(), st.decimals()))
def test_reading_gives_a_bounded_number_or_refuses(value: Any) -> None:
    try:
        number = parse_amount(value)
    except AmountError:
        return
    assert number.is_finite()
    assert abs(number) < 10**12
    round_cents(number)


@given(st.decimals(min_value=0, max_value=999_999_999, places=2), st.booleans())
def test_what_france_writes_is_read_back(amount: Decimal, narrow: bool) -> None:
    text = f"{amount:,.2f}".replace(",", "\u202f" if narrow else " ").replace(".", ",")
    assert parse_amount(f"{text} €") == amount


def test_money_keeps_its_two_decimals_in_json() -> None:
    body = {"total_ht": to_json(Decimal(5790)), "lines": [{"quantity": trimmed(Decimal("8.000")), "unit": "m²"}], "empty": [{}, []]}
    assert dumps_money(body) == '{"total_ht":5790.00,"lines":[{"quantity":8,"unit":"m²"}],"empty":[{},[]]}'.encode()


def test_a_unit_price_keeps_the_decimals_it_has() -> None:
    assert [str(price_to_json(Decimal(price))) for price in ("80.0000", "12.5", "0.1234", "1.2300", "7.125")] == [
        "80.00",
        "12.50",
        "0.1234",
        "1.23",
        "7.125",
    ]


@pytest.mark.parametrize(("value", "expected"), [("100", "100"), ("1E+2", "100"), ("2.500", "2.5"), ("0.000", "0"), ("5.50", "5.5")])
def test_trimming_leaves_no_useless_zero_nor_exponent(value: str, expected: str) -> None:
    assert format(trimmed(Decimal(value)), "f") == str(trimmed(Decimal(value))) == expected


json_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(st.characters(codec="utf-8"))
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)),
)


@given(json_values)
def test_everything_else_is_written_as_json_writes_it(value: Any) -> None:
    assert json.loads(dumps_money(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), object(), {1: "a"}, {"a": {1, 2}}])
def test_what_json_does_not_know_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        dumps_money(value)
