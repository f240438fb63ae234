"""What a person typed, cut into folded tokens. Linear in the text, whatever the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from app.core.text import fold

MAX_CHARS = 4000
"""How much of one message is read: a project is told in its first words, the rest would only cost time."""

_MAX_DIGITS = 7

# Numbers that are never quantities: French phone numbers, dates, powers of ten. Every repetition is bounded.
_NOT_QUANTITIES = re.compile(
    r"(?<![0-9])(?:\+33|0033|0) ?[1-9](?:[ .-]?[0-9]{2}){4}(?![0-9])|(?<![0-9])[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:20)?[0-9]{2}(?![0-9])"
    r"|(?<![a-z0-9])[0-9]{1,9}(?:[.,][0-9]{1,9})?e[+-]?[0-9]{1,9}(?![a-z0-9])"
)
_FRACTIONS = {"½": ",5", "1/2": ",5", "¼": ",25", "¾": ",75"}
_FRACTION = re.compile(r"([0-9]{0,7}) ?([½¼¾]|(?<![0-9/])1/2(?= ?m))")
_SQUARED = re.compile(r"(?<=[0-9])² ?(?!m)")
_POWER = re.compile(r"[0-9]{1,9}[³⁴-⁹]{1,9}")
_ATTACHMENT = re.compile(r"\[(photo jointe|document joint) ?:[^\]\n]{0,300}\]?", re.IGNORECASE)
_TOKEN = re.compile(r"m2(?![a-z0-9])|[0-9]+(?:[.,][0-9]+)?|[a-z]+|[€%*+/:;,.!?()\n]")

SENTENCE_ENDS = frozenset(".;!?\n")
FUNCTION_WORDS = frozenset(
    [
        "de",
        "d",
        "du",
        "des",
        "la",
        "le",
        "les",
        "l",
        "a",
        "au",
        "aux",
        "en",
        "mon",
        "ma",
        "mes",
        "notre",
        "nos",
        "votre",
        "vos",
        "ce",
        "cet",
        "cette",
        "ces",
        "the",
        "my",
        "our",
        "of",
    ],
)
"""Words that neither open nor close a phrase of the vocabulary: « salle de bain » is read « salle bain »."""


@dataclass(frozen=True, slots=True)
class Token:
    """A folded word, sign or number; `start` and `end` are places in the folded text."""

    text: str
    start: int
    end: int
    value: Decimal | None = None
    article: bool = False
    """« un », « une »: the number one only in front of something that is counted."""

    @property
    def is_word(self) -> bool:
        return self.value is None and self.text.isalpha()

    @property
    def stem(self) -> str:
        return stem(self.text)


def stem(word: str) -> str:
    """A folded word without the mark of the plural: « carreaux » and « carreau » are one."""
    return word[:-1] if len(word) > 3 and word[-1] in "sx" else word


def attachments(text: str) -> tuple[str, int, int]:
    """The text without its « [Photo jointe : …] » marks, and how many photos and documents they told of."""
    kinds = [kind.lower() for kind in _ATTACHMENT.findall(text)]
    photos = sum(kind.startswith("photo") for kind in kinds)
    return _ATTACHMENT.sub(" ", text), photos, len(kinds) - photos


def folded(text: str) -> str:
    """Lower case without accents, line by line, cut to what is read, without addresses, telephone numbers and dates."""
    lines = (fold(_written_out(line)).replace("×", "x") for line in text[:MAX_CHARS].splitlines())
    kept = "\n".join(" ".join(word for word in line.split() if not _is_address(word)) for line in lines)
    return _NOT_QUANTITIES.sub(" ", kept[:MAX_CHARS])


def _written_out(line: str) -> str:
    """« 12 ½ m² » is 12,5 m² and « 12² » is 12 m²; higher powers measure nothing."""
    halves = _FRACTION.sub(lambda match: f"{match[1] or ' 0'}{_FRACTIONS[match[2]]}", line)
    return _POWER.sub(" ", _SQUARED.sub(" m2 ", halves))


def _is_address(word: str) -> bool:
    return "@" in word or "://" in word or word.startswith("www.")


def tokens(text: str) -> list[Token]:
    """The tokens of a raw text, numbers in figures already read."""
    return _join_thousands([_token(match) for match in _TOKEN.finditer(folded(text))])


def _token(match: re.Match[str]) -> Token:
    text = match.group()
    return Token(text, match.start(), match.end(), _figures(text) if text[0].isdecimal() else None)


def _figures(text: str) -> Decimal | None:
    """The value of figures, None when nobody measures that much; « 1.200 » is twelve hundred, « 1,2 » is not."""
    whole, _, decimals = text.replace(",", ".").partition(".")
    if "." in text and len(decimals) == 3:
        whole, decimals = whole + decimals, ""
    if len(whole) > _MAX_DIGITS:
        return None
    return plain(Decimal(f"{whole}.{decimals[:3] or '0'}"))


def plain(value: Decimal) -> Decimal:
    """The value without useless zeros nor exponent: 8.00 is 8, 10 stays 10."""
    return value.to_integral_value() if value == value.to_integral_value() else value.normalize()


def _join_thousands(found: list[Token]) -> list[Token]:
    """« 1 200 » is one number: one to three figures, a space, exactly three figures."""
    joined: list[Token] = []
    for token in found:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.text.isdecimal()
            and len(last.text) <= 3
            and not last.text.startswith("0")
            and token.text[:3].isdecimal()
            and len(token.text.replace(",", ".").partition(".")[0]) == 3
            and token.start == last.end + 1
            and token.value is not None
        ):
            text = last.text + token.text
            joined[-1] = Token(text, last.start, token.end, _figures(text))
        else:
            joined.append(token)
    return joined
