"""Words searched in SQL as `core.text.fold` compares them."""

from __future__ import annotations

import pytest
from sqlalchemy import Text, literal, select

from app.core.search import folded, has_words
from app.core.text import fold
from app.extensions import db
from app.web.house import House


@pytest.mark.parametrize("text", ["Élodie Garnier", "L’Œuvre", "Façade à Âge", "NOËL", "ñandú ýø", "plain"])
def test_sql_folds_as_python_does(house: House, text: str) -> None:
    assert db.session.scalar(select(folded(literal(text)))) == fold(text)


@pytest.mark.parametrize(
    ("query", "found"),
    [("elodie martin", True), ("MARTIN élo", True), ("", True), ("elodie dupont", False), ("%", False), ("_", False), ("100%", False)],
)
def test_every_word_is_found_whatever_its_accents(house: House, query: str, found: bool) -> None:
    words = folded(literal("M. Martin"), literal(None, Text), literal("Élodie"))
    assert db.session.scalar(select(has_words(words, query))) is found
