"""Searching words in SQL, whatever their case and accents: the twin of `core.text.fold` for columns that are not kept folded."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func

from app.core.text import fold

_ACCENTED = "àâäáãåçéèêëíìîïñóòôöõúùûüýÿ"
_PLAIN = "aaaaaaceeeeiiiinooooouuuuyy"
MAX_WORDS = 8


def folded(*columns: Any) -> ColumnElement[str]:
    """The columns as one lower-case text without accents."""
    text = func.lower(func.concat_ws(" ", *columns))
    return func.translate(func.replace(func.replace(text, "œ", "oe"), "’", "'"), _ACCENTED, _PLAIN)


def has_words(text: Any, query: str) -> ColumnElement[bool]:
    """Every word of `query` (the first eight) stands somewhere in the folded `text`."""
    return and_(True, *(text.contains(word, autoescape=True) for word in fold(query).split()[:MAX_WORDS]))
