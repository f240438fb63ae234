"""French writing: numbers, money, sizes, durations and moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import clock
from app.core import format as french

NOW = datetime(2026, 11, 21, 13, 5, 12, tzinfo=UTC)  # 14:05 in Paris

amounts = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=4)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("5790"), "5\u202f790,00\u00a0€"),
        (Decimal("1234567.5"), "1\u202f234\u202f567,50\u00a0€"),
        (0, "0,00\u00a0€"),
        (Decimal("0.005"), "0,01\u00a0€"),
        (Decimal("-12.3"), "\u221212,30\u00a0€"),
        (Decimal("-0.001"), "0,00\u00a0€"),
        (None, "—"),
    ],
)
def test_euro(amount: Decimal | int | None, text: str) -> None:
    assert french.euro(amount) == text


@pytest.mark.parametrize(
    ("amount", "places", "text"),
    [
        (Decimal("12.4"), 4, "12,40\u00a0€"),
        (Decimal("0.03125"), 4, "0,0313\u00a0€"),
        (Decimal("0.00001"), 4, "<\u00a00,0001\u00a0€"),
        (Decimal("0.004"), 2, "<\u00a00,01\u00a0€"),
        (Decimal("0.43"), 2, "0,43\u00a0€"),
        (Decimal(0), 2, "0,00\u00a0€"),
        (None, 4, "—"),
    ],
)
def test_cost(amount: Decimal | None, places: int, text: str) -> None:
    assert french.cost(amount, places) == text


@given(amounts)
def test_euro_reads_back_as_the_rounded_amount(amount: Decimal) -> None:
    text = french.euro(amount)
    back = Decimal(text.removesuffix("\u00a0€").replace("\u202f", "").replace(",", ".").replace("\u2212", "-"))
    assert back == amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@given(amounts)
def test_groups_of_three_digits(amount: Decimal) -> None:
    whole = french.number(amount).removeprefix("\u2212")
    head, *groups = whole.split("\u202f")
    assert 1 <= len(head) <= 3
    assert all(len(group) == 3 for group in groups)


@given(st.decimals(min_value=0, max_value=10**6, allow_nan=False, allow_infinity=False, places=3))
def test_a_quantity_keeps_its_value_and_no_useless_zero(value: Decimal) -> None:
    text = french.quantity(value)
    assert Decimal(text.replace("\u202f", "").replace(",", ".")) == value
    assert not text.endswith(",")
    assert "," not in text or not text.endswith("0")


@pytest.mark.parametrize(
    ("value", "text"), [(8, "8"), (Decimal("2.50"), "2,5"), (100, "100"), (Decimal("1500"), "1\u202f500"), (0.1, "0,1"), (None, "—")]
)
def test_quantity(value: Decimal | float | None, text: str) -> None:
    assert french.quantity(value) == text


def test_a_float_is_read_as_it_is_written() -> None:
    assert french.number(2.675, 2) == "2,68"


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(20, None, "20"), (Decimal("5.5"), None, "5,5"), (99.84, None, "99,8"), (100, None, "100"), (12.345, 2, "12,35"), (0, None, "0")],
)
def test_percent(value: Decimal | float, places: int | None, text: str) -> None:
    assert french.percent(value, places) == f"{text}\u202f%"


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 o"),
        (999, "999 o"),
        (1000, "1 ko"),
        (2_400_000, "2,4 Mo"),
        (999_949, "999,9 ko"),
        (999_950, "1 Mo"),
        (5_000_000_000, "5 Go"),
        (3_200_000_000_000, "3,2 To"),
    ],
)
def test_size(octets: int, text: str) -> None:
    assert french.size(octets) == text.replace(" ", "\u00a0")


@given(st.integers(min_value=0, max_value=10**15))
def test_a_size_never_shows_four_digits_below_the_last_unit(octets: int) -> None:
    number, unit = french.size(octets).split("\u00a0")
    assert unit == "To" or Decimal(number.replace(",", ".")) < 1000


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (81, "81 ms"),
        (999.4, "999 ms"),
        (999.6, "1,0 s"),
        (5000, "5,0 s"),
        (59_940, "59,9 s"),
        (59_960, "1 min"),
        (200_000, "3 min 20 s"),
        (3_600_000, "1 h"),
        (7_500_000, "2 h 05 min"),
        (None, "—"),
    ],
)
def test_duration(milliseconds: float | None, text: str) -> None:
    assert french.duration(milliseconds).replace("\u00a0", " ") == text


@given(st.integers(min_value=0, max_value=10**9))
def test_a_duration_has_no_unit_out_of_its_range(milliseconds: int) -> None:
    words = french.duration(milliseconds).replace("\u00a0", " ").split()
    for number, unit in zip(words[::2], words[1::2], strict=True):
        assert unit in ("ms", "s", "min", "h")
        assert unit == "h" or Decimal(number.replace(",", ".")) < (1000 if unit == "ms" else 60)


@pytest.mark.parametrize(("count", "text"), [(0, "0 message"), (1, "1 message"), (2, "2 messages"), (1204, "1\u202f204 messages")])
def test_plural(count: int, text: str) -> None:
    assert french.plural(count, "message", "messages").replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(seconds=0), "à l’instant"),
        (timedelta(seconds=44), "à l’instant"),
        (timedelta(seconds=46), "il y a 1 min"),
        (timedelta(minutes=2), "il y a 2 min"),
        (timedelta(minutes=59, seconds=20), "il y a 59 min"),
        (timedelta(minutes=59, seconds=50), "il y a 1 h"),
        (timedelta(hours=3), "il y a 3 h"),
        (timedelta(hours=19, minutes=25), "hier, 18:40"),
        (timedelta(days=9), "12 nov. 2026"),
        (timedelta(days=20), "1er nov. 2026"),
        (-timedelta(minutes=5), "dans 5 min"),
        (-timedelta(hours=3), "dans 3 h"),
        (-timedelta(hours=18, minutes=55), "demain, 09:00"),
        (-timedelta(days=30), "21 déc. 2026"),
    ],
)
def test_ago(before: timedelta, text: str) -> None:
    assert french.ago(NOW - before, NOW).replace("\u00a0", " ") == text


def test_ago_reads_the_clock_and_counts_days_in_paris() -> None:
    just_after_midnight_in_paris = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    with clock.freeze(just_after_midnight_in_paris):
        assert french.ago(just_after_midnight_in_paris - timedelta(hours=2)) == "hier, 22:30"


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)), st.timedeltas())
def test_ago_always_has_words(now: datetime, distance: timedelta) -> None:
    try:
        at = now - distance
        at.astimezone(clock.PARIS)
    except OverflowError:
        return
    text = french.ago(at, now)
    assert text and "-" not in text


def test_days_and_moments_are_those_of_paris() -> None:
    assert french.exact(NOW) == "21\u00a0novembre 2026 à 14:05"
    assert french.exact(datetime(2026, 6, 30, 22, 15, tzinfo=UTC)) == "1er\u00a0juillet 2026 à 00:15"
    assert french.day(date(2026, 2, 28)) == "28\u00a0février 2026"
    assert french.time(NOW) == "14:05"


@pytest.mark.parametrize("write", [french.number, french.size, french.time, french.day, french.exact, french.ago, french.percent])
def test_nothing_is_a_dash(write: object) -> None:
    assert write(None) == "—"  # type: ignore[operator]


def test_month() -> None:
    assert french.month(date(2026, 11, 21)) == french.month("2026-11") == "novembre 2026"
    assert french.month(None) == "—"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("EBP", "d’EBP"),
        ("Sage", "de Sage"),
        ("Économie du bâtiment", "d’Économie du bâtiment"),
        ("œuvres", "d’œuvres"),
        ("août 2026", "d’août 2026"),
        ("novembre 2026", "de novembre 2026"),
        ("Hubert", "de Hubert"),
        ("3 Suisses", "de 3 Suisses"),
        ("", "de "),
    ],
)
def test_a_name_that_begins_with_a_vowel_takes_an_apostrophe(name: str, words: str) -> None:
    assert french.de(name) == words
