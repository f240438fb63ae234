"""Whatever a model writes, drafting gives a pre-quote within its bounds or refuses."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.money import CENT, totals
from app.quoting.drafting import MAX_LINES, MAX_QUANTITY, MAX_TOTAL, Draft, draft_from_block, draft_from_tool
from app.quoting.errors import QuoteRefusedError
from tests.quoting.samples import BATHROOM, CATALOGUE, journey_args

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.decimals()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=8,
)
numbers = st.one_of(
    st.integers(-2, 200_000),
    st.floats(),
    st.decimals(allow_nan=False, min_value=0, max_value=1_000),
    st.from_regex(r"[0-9]{1,4},[0-9]{1,2}( €)?", fullmatch=True),
)
codes = st.sampled_from([item.code for item in BATHROOM])


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """The journey's proposal with up to three fields missing, replaced by anything, or added."""
    args = journey_args()
    targets = [args, *args["lignes"]]
    for _ in range(draw(st.integers(0, 3))):
        target = draw(st.sampled_from(targets))
        name = draw(st.sampled_from([*target, "code", "prix_unitaire", "tva", "total_ht", "total_ttc", "autre"]))
        if draw(st.booleans()):
            target[name] = draw(st.one_of(numbers, anything))
        elif name != "lignes":
            target.pop(name, None)
    return args


sound_lines = st.one_of(
    st.fixed_dictionaries({"code": codes, "quantity": st.decimals(min_value="0.01", max_value=1000, places=2).map(float)}),
    st.fixed_dictionaries(
        {
            "label": st.text("abc", min_size=1, max_size=9),
            "quantity": st.integers(1, 500),
            "unit_price": st.decimals(min_value="0.01", max_value=100, places=2).map(float),
            "vat_rate": st.sampled_from([20, 10, 5.5]),
            "price_ht": st.floats(allow_nan=False, allow_infinity=False),
        }
    ),
)


def check(draft: Draft) -> None:
    """What holds of every pre-quote that is accepted."""
    assert 1 <= len(draft.lines) <= MAX_LINES
    for line in draft.lines:
        assert line.label and len(line.label) <= 200
        assert 0 < line.quantity <= MAX_QUANTITY
        exact = Fraction(line.quantity) * Fraction(line.unit_price)
        assert abs(Fraction(line.total_ht) - exact) <= Fraction(1, 200)
        assert line.total_ht == line.total_ht.quantize(CENT)
        if line.code:
            entry = CATALOGUE[line.code]
            assert (line.label, line.unit, line.unit_price, line.vat_rate) == (entry.label, entry.unit, entry.unit_price, entry.vat_rate)
    assert draft.totals == totals(draft.lines)
    assert draft.totals.total_ht <= MAX_TOTAL
    assert len(draft.corrections) <= 50
    for text in (draft.title, draft.description, draft.notes, *draft.corrections, *(line.label for line in draft.lines)):
        text.encode()
        assert "\x00" not in text


@settings(max_examples=400)
@given(st.one_of(anything, spoilt()))
def test_any_value_gives_a_draft_or_a_refusal(args: Any) -> None:
    try:
        draft = draft_from_tool(args, CATALOGUE)
    except QuoteRefusedError as error:
        assert error.reason
        return
    check(draft)


@settings(max_examples=200)
@given(
    st.one_of(st.text(), st.text('{}[]",:\\0e-.NaIity', max_size=60), anything.filter(lambda value: not has_decimal(value)).map(json.dumps))
)
def test_any_text_gives_a_draft_or_a_refusal(text: str) -> None:
    try:
        draft = draft_from_block(text, CATALOGUE)
    except QuoteRefusedError as error:
        assert error.reason
        return
    check(draft)


def has_decimal(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(has_decimal, value.values()))
    return any(map(has_decimal, value)) if isinstance(value, list) else isinstance(value, Decimal)


@given(st.lists(sound_lines, min_size=1, max_size=20))
def test_sound_lines_are_accepted_in_any_order(lines: list[dict[str, Any]]) -> None:
    forward = draft_from_block(json.dumps({"items": lines}), CATALOGUE)
    backward = draft_from_block(json.dumps({"items": lines[::-1]}), CATALOGUE)
    check(forward)
    assert forward.totals == backward.totals
