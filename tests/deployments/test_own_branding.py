"""Colours and words that an artisan chooses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidError
from app.deployments.branding import INK, WHITE, contrast, is_color, readable_on
from app.deployments.own_branding import change_own_branding
from app.identity.models import User
from app.web.house import House

COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_as_wcag_defines_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)


@given(COLORS)
def test_the_text_on_a_colour_is_the_more_readable_one(color: str) -> None:
    chosen = readable_on(color)
    assert contrast(chosen, color) == max(contrast(INK, color), contrast(WHITE, color)) >= 3.9


@given(COLORS, COLORS)
def test_contrast_has_no_direction(one: str, other: str) -> None:
    assert 1 <= contrast(one, other) == contrast(other, one) <= 21


@pytest.mark.parametrize("text", ["", "#fff", "24518f", "#24518g", "#24518f0", "red"])
def test_what_is_no_colour(text: str) -> None:
    assert not is_color(text)


def test_each_wrong_field_is_named(house: House) -> None:
    account = User(branding={"title": "Avant"})
    with pytest.raises(InvalidError) as refused:
        change_own_branding(account, {"primary_color": "bleu", "signature": "x" * 81, "title": "Après"})
    assert set(refused.value.fields) == {"primary_color", "signature"}
    assert account.branding == {"title": "Avant"}
