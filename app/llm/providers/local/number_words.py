"""Numbers in words, French and a little English: « vingt-cinq », « une dizaine », « huit et demi »."""

from __future__ import annotations

from decimal import Decimal

from app.llm.providers.local.text import Token

_UNITS = {
    word: value
    for value, words in enumerate(
        (
            "zero",
            "un une one",
            "deux two",
            "trois three",
            "quatre four",
            "cinq five",
            "six",
            "sept seven",
            "huit eight",
            "neuf nine",
            "dix ten",
            "onze eleven",
            "douze twelve",
            "treize thirteen",
            "quatorze fourteen",
            "quinze fifteen",
            "seize sixteen",
        )
    )
    for word in words.split()
}
_TENS = {
    "vingt": 20,
    "vingts": 20,
    "twenty": 20,
    "trente": 30,
    "thirty": 30,
    "quarante": 40,
    "forty": 40,
    "cinquante": 50,
    "fifty": 50,
    "soixante": 60,
    "sixty": 60,
    "seventy": 70,
    "septante": 70,
    "octante": 80,
    "eighty": 80,
    "nonante": 90,
    "ninety": 90,
}
_HUNDREDS = {"cent": 100, "cents": 100, "hundred": 100}
_ABOUT = {"dizaine": 10, "douzaine": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40, "cinquantaine": 50}
_ABOUT |= {"soixantaine": 60, "centaine": 100}
_ARTICLES = frozenset({"un", "une"})
_AFTER_NINE = frozenset(["m", "m2", "ml", "metre", "metres"])


def with_numbers(found: list[Token]) -> list[Token]:
    """The same tokens, each run of number words replaced by one token with its value. One pass."""
    read: list[Token] = []
    position = 0
    while position < len(found):
        value, length = _number_at(found, position)
        if length == 0:
            read.append(found[position])
            position += 1
            continue
        run = found[position : position + length]
        half = _half_after(found, position + length)
        if half:
            value += Decimal("0.5")
            run = found[position : position + length + half]
        article = len(run) == 1 and run[0].text in _ARTICLES
        read.append(Token(" ".join(token.text for token in run), run[0].start, run[-1].end, value, article))
        position += len(run)
    return read


def _number_at(found: list[Token], position: int) -> tuple[Decimal, int]:
    """The value written in words from here, and how many tokens it takes (0: no number)."""
    first = found[position].text
    if found[position].value is not None:
        half = _half_after(found, position + 1)
        return (found[position].value or Decimal(0), 1) if half else (Decimal(0), 0)
    if first == "neuf" and not _counts_nine(found, position):
        return Decimal(0), 0
    total, current, length = 0, 0, 0
    while position + length < len(found):
        word = found[position + length].text
        if word == "et" and current >= 20 and _text(found, position + length + 1) in ("un", "une", "onze"):
            length += 1
            continue
        if word in _ABOUT and total == 0 and current <= 9:
            return Decimal(_ABOUT[word] * max(current, 1)), length + 1
        if word in _HUNDREDS and current <= 9:
            current = max(current, 1) * 100
        elif word == "mille" and total == 0:
            total, current = max(current, 1) * 1000, 0
        elif word in ("vingt", "vingts") and current % 100 == 4:
            current += 76  # quatre-vingt
        elif word in _TENS and current % 100 == 0:
            current += _TENS[word]
        elif word in _UNITS and (length == 0 or current + total > 0) and _may_add(current, _UNITS[word]):
            current += _UNITS[word]
        else:
            break
        length += 1
    return Decimal(total + current), length


def _may_add(current: int, unit: int) -> bool:
    """« soixante » and « quatre-vingt » take up to sixteen, « dix » seven to nine, the other tens up to nine."""
    rest = current % 100
    if rest == 0:
        return True
    if rest in (60, 80):
        return unit <= 16
    if rest == 10:
        return 7 <= unit <= 9
    return rest % 10 == 0 and unit <= 9


def _half_after(found: list[Token], position: int) -> int:
    """How many tokens say « et demi » here."""
    return 2 if _text(found, position) == "et" and _text(found, position + 1) in ("demi", "demie") else 0


def _counts_nine(found: list[Token], position: int) -> bool:
    """« neuf m² », « neuf fenêtres » count; « du parquet neuf » does not."""
    following = _text(found, position + 1)
    return following in _AFTER_NINE or (len(following) > 4 and following[-1] in "sx")


def _text(found: list[Token], position: int) -> str:
    return found[position].text if 0 <= position < len(found) else ""
