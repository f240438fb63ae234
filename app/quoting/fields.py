"""Reads the fields of a model's proposal one by one: repaired when they can be read one way only, else refused.

What was repaired or ignored is kept as French sentences, for the log and for the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import islice

from app.core.format import quantity
from app.core.money import AmountError, parse_amount
from app.core.text import clean_line, clean_paragraphs, fold
from app.quoting.errors import QuoteRefusedError

MAX_SENTENCES = 50
_MAX_KEYS = 100
_MAX_NAME = 40
_WITH_UNIT = re.compile(r"(?P<number>[^A-Za-z€%]*[0-9])\s*(?P<unit>[A-Za-z€%].*)")


class Corrections:
    """Sentences about what was not taken as it came, a bounded number of them."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def add(self, sentence: str) -> None:
        if len(self.sentences) < MAX_SENTENCES:
            self.sentences.append(sentence)


class Fields:
    """One JSON object under our own field names; `where` begins each sentence (« Ligne 3 : »)."""

    def __init__(self, source: object, names: Mapping[str, str], where: str, corrections: Corrections) -> None:
        if not isinstance(source, dict):
            raise QuoteRefusedError(_sentence(where, "un objet JSON est attendu."))
        self._where = where
        self._corrections = corrections
        self._values = {ours: source[theirs] for theirs, ours in names.items() if theirs in source}
        for key in islice(source, _MAX_KEYS):
            if key not in names:
                self.note(f"champ inconnu ignoré, « {clean_line(str(key)[:_MAX_NAME])} ».")

    def note(self, sentence: str) -> None:
        """Record a repair of this object."""
        self._corrections.add(_sentence(self._where, sentence))

    def refuse(self, reason: str) -> QuoteRefusedError:
        """The refusal to raise for this object."""
        return QuoteRefusedError(_sentence(self._where, reason))

    def raw(self, name: str) -> object:
        """The value as it came; None when it is missing."""
        return self._values.get(name)

    def text(self, name: str, french: str, limit: int, *, paragraphs: bool = False) -> str:
        """Clean text of at most `limit` characters; empty when missing."""
        value = self.raw(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.refuse(f"{french} doit être un texte.")
        # Cut first: cleaning a very long text would be work for nothing.
        text = (clean_paragraphs if paragraphs else clean_line)(value[: 4 * limit])
        if len(text) <= limit:
            return text
        self.note(f"{french} raccourci à {limit} caractères.")
        return text[: limit - 1].rstrip() + "…"

    def slug(self, name: str, french: str) -> str:
        """A short lower-case name with underscores; empty when missing."""
        return slug(self.text(name, french, 100))

    def number(self, name: str, french: str, unit: str) -> Decimal | None:
        """A number, None when missing; text that reads one way only (« 1 200,50 », « 8 m² ») is repaired."""
        value = self.raw(name)
        if value is None:
            return None
        try:
            number = read_number(value, unit)
        except AmountError:
            raise self.refuse(f"{french} doit être un nombre.") from None
        if isinstance(value, str):
            self.note(f"{french} donné comme texte, lu {quantity(number)}.")
        return number

    def claim(self, name: str, unit: str) -> Decimal | None:
        """A number the model only claims, to be compared with ours: None when missing or unreadable."""
        try:
            return read_number(self.raw(name), unit)
        except AmountError:
            return None


def read_number(value: object, unit: str) -> Decimal:
    """`parse_amount`, for a number that may be followed by its own unit. Raises AmountError."""
    if isinstance(value, str) and len(value) <= 2 * _MAX_NAME:
        match = _WITH_UNIT.fullmatch(value.strip())
        if match and fold(match["unit"]) == fold(unit):
            value = match["number"]
    return parse_amount(value)


def _sentence(where: str, words: str) -> str:
    return where + words if where else words[:1].upper() + words[1:]


def slug(text: str) -> str:
    """« Rénovation salle de bain » becomes `renovation_salle_de_bain`."""
    return re.sub(r"[^a-z0-9]+", "_", fold(text)).strip("_")
