"""Finds the words of the trade in a person's spelling: phrases, conjugated verbs, plurals and typing errors.

Typing errors are looked up in an index of the words with one or two letters taken out, so that the cost of a word does not
depend on the size of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import combinations

from app.llm.providers.local import words
from app.llm.providers.local.rooms import HOME, ROOMS
from app.llm.providers.local.text import FUNCTION_WORDS, Token, stem, tokens
from app.llm.providers.local.works import WORKS

_FUZZY_FROM = 6
_TWO_ERRORS_FROM = 9
_LONGEST = 20
_MAX_SKIPPED = 2


class Kind(StrEnum):
    """What a phrase stands for."""

    WORK = "work"
    CHOICE = "choice"
    ROOM = "room"
    PLANE = "plane"
    VERB = "verb"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing of the trade, whatever the words: `key` is a work, a choice, a room, a part of a building or a verb."""

    kind: Kind
    key: str

    @property
    def is_head(self) -> bool:
        """Names something to do, by itself."""
        return self.kind in (Kind.WORK, Kind.CHOICE)


def phrase_stems(phrase: str) -> tuple[str, ...]:
    """The stems of a phrase, without its function words."""
    stems = [stem(token.text) for token in tokens(phrase)]
    return tuple(part for part in stems if part not in FUNCTION_WORDS) or tuple(stems)


def _phrases() -> dict[str, list[tuple[tuple[str, ...], Concept]]]:
    """Phrases by their first stem, the longest first."""
    sources = (
        (Kind.WORK, words.WORK_WORDS),
        (Kind.CHOICE, words.CHOICE_WORDS),
        (Kind.PLANE, words.PLANE_WORDS),
        (Kind.VERB, words.VERB_WORDS),
        (Kind.ROOM, {kind.key: kind.words for kind in ROOMS.values() if kind.words} | {HOME: words.HOME_WORDS}),
        (Kind.NOTHING, {"": words.NOTHING}),
    )
    found: dict[str, list[tuple[tuple[str, ...], Concept]]] = {}
    for kind, by_key in sources:
        for key, listed in by_key.items():
            for phrase in listed.split(", "):
                stems = phrase_stems(phrase)
                found.setdefault(stems[0], []).append((stems, Concept(kind, key)))
    for candidates in found.values():
        candidates.sort(key=lambda candidate: -len(candidate[0]))
    return found


def _prefixes() -> tuple[tuple[str, Concept], ...]:
    verbs = [(prefix, Concept(Kind.VERB, key)) for prefix, key in words.PREFIXES.items()]
    heads = [(prefix, Concept(Kind.WORK if key in WORKS else Kind.CHOICE, key)) for prefix, key in words.HEAD_PREFIXES.items()]
    return (*verbs, *heads)


_PHRASES = _phrases()
_PREFIXES = _prefixes()
_STEMS = frozenset(part for listed in _PHRASES.values() for stems, _ in listed for part in stems)


def _shortened(word: str, most: int) -> set[str]:
    """The word with up to `most` letters taken out."""
    size = len(word)
    return {
        "".join(letter for place, letter in enumerate(word) if place not in out)
        for count in range(most + 1)
        for out in combinations(range(size), count)
    }


def _errors(word: str) -> int:
    """How many typing errors a word may carry."""
    return 0 if len(word) < _FUZZY_FROM else 1 if len(word) < _TWO_ERRORS_FROM else 2


def _index(vocabulary: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for word in vocabulary:
        if _errors(word):
            for short in _shortened(word, _errors(word)):
                found.setdefault(short, set()).add(word)
    return found


_REAL_WORDS = frozenset(stem(word) for word in words.REAL_WORDS.split())
_TYPOS = _index(stem(word) for word in words.MISSPELT.split())


def distance(left: str, right: str) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other."""
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            cost = min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, previous = previous, current
    return previous[-1]


@lru_cache(maxsize=4096)
def spelled(word: str) -> str:
    """The stem of the vocabulary meant by a folded word; its own stem when there is none."""
    own = stem(word)
    if own in _STEMS or own in _REAL_WORDS or not _FUZZY_FROM - 1 <= len(own) <= _LONGEST or _by_prefix(own):
        return own
    most = 2 if len(own) >= _TWO_ERRORS_FROM - 1 else 1
    candidates = {known for short in _shortened(own, most) for known in _TYPOS.get(short, ())}
    best, found = 3, own
    for known in sorted(candidates):
        away = distance(own, known)
        if away <= _errors(known) and away < best and _same_start(own, known):
            best, found = away, known
    return found


def _same_start(word: str, known: str) -> bool:
    """People get the first letter right, or swap it with the second."""
    return word[0] == known[0] or word[:2] == known[1::-1]


def _by_prefix(own: str) -> Concept | None:
    return next((concept for prefix, concept in _PREFIXES if own.startswith(prefix)), None)


def concept_at(found: Sequence[Token], position: int) -> tuple[Concept, int] | None:
    """The concept whose phrase begins at this token, and the position after the phrase; the longest phrase wins."""
    if not found[position].is_word:
        return None
    first = spelled(found[position].text)
    for stems, concept in _PHRASES.get(first, ()):
        end = _match(found, position + 1, stems[1:])
        if end:
            return concept, end
    by_prefix = _by_prefix(first)
    return (by_prefix, position + 1) if by_prefix else None


def _match(found: Sequence[Token], position: int, stems: Sequence[str]) -> int:
    """The position after these stems, function words skipped between them; 0 when they are not there."""
    for wanted in stems:
        skipped = 0
        while (
            position < len(found) and found[position].text in FUNCTION_WORDS and found[position].text != wanted and skipped < _MAX_SKIPPED
        ):
            position, skipped = position + 1, skipped + 1
        if position >= len(found) or found[position].value is not None or spelled(found[position].text) != wanted:
            return 0
        position += 1
    return position
