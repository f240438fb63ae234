"""The price library as a conversation sees it: a mapping by code that can be searched, without a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from app.core.text import fold

_SHORTEST_WORD = 3
_STEM = 4


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """A priced work: net price in euros for one `unit`, VAT rate in per cent."""

    code: str
    label: str
    unit: str
    unit_price: Decimal
    vat_rate: Decimal
    trade: str
    keywords: tuple[str, ...] = ()


class Catalogue(Mapping[str, PriceEntry]):
    """Prices by code, whatever the case of the code; of two entries with one code the last given wins.

    `entries` may be a function: it is then called when a price is first asked for, since most answers need none.
    """

    def __init__(self, entries: Iterable[PriceEntry] | Callable[[], Iterable[PriceEntry]] = ()) -> None:
        self._given = entries

    @cached_property
    def _entries(self) -> dict[str, PriceEntry]:
        given = self._given() if callable(self._given) else self._given
        return {_key(entry.code): entry for entry in given}

    @cached_property
    def _trades(self) -> dict[str, frozenset[str]]:
        return {code: _words(entry.trade) for code, entry in self._entries.items()}

    @cached_property
    def _words(self) -> dict[str, frozenset[str]]:
        return {code: self._trades[code] | _words(" ".join((entry.label, *entry.keywords))) for code, entry in self._entries.items()}

    def __getitem__(self, code: str) -> PriceEntry:
        return self._entries[_key(code)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def search(self, *, codes: Iterable[str] = (), trade: str = "", text: str = "", limit: int = 20) -> list[PriceEntry]:
        """Find entries: those of `codes` first, then those of a trade and of words, best match first.

        Accents, case and plurals do not count; a trade nobody carries counts as words. Without any criterion: the first
        entries of the library.
        """
        named = [self[code] for code in dict.fromkeys(map(_key, codes)) if code in self._entries]
        wanted, words = _words(trade), _words(text)
        if named and not (wanted or words):
            return named[:limit]
        pool = [code for code, own in self._trades.items() if _matches(wanted, own)] if wanted else list(self._entries)
        if not pool:
            pool, words = list(self._entries), words | wanted
        scores = {code: _matches(words, self._words[code]) for code in pool}
        ranked = sorted((code for code in pool if scores[code] or not words), key=lambda code: (-scores[code], code))
        return (named + [entry for entry in map(self._entries.__getitem__, ranked) if entry not in named])[:limit]


def _key(code: str) -> str:
    return code.strip().upper()


def _words(text: str) -> frozenset[str]:
    """Folded words without the plural's mark; articles and prepositions are too short to count."""
    parts = "".join(char if char.isalnum() else " " for char in fold(text)).split()
    return frozenset(part.rstrip("sx") for part in parts if len(part) >= _SHORTEST_WORD)


def _matches(wanted: frozenset[str], own: frozenset[str]) -> int:
    """How well the wanted words are met: two for a word that is there, one for one that begins alike (« peindre », « peinture »)."""
    alike = {word[:_STEM] for word in own if len(word) >= _STEM}
    return sum(2 if word in own else word[:_STEM] in alike for word in wanted)
