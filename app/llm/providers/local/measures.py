"""Surfaces, dimensions, lengths and counts in a message. Anything else that is a number (age, budget, floor, postcode) is set aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import partial

from app.llm.providers.local.text import FUNCTION_WORDS, SENTENCE_ENDS, Token, plain

_MAX_AREA = Decimal(20_000)
_MAX_LENGTH = Decimal(1_000)
_MAX_SIDE = Decimal(60)
_MAX_COUNT = Decimal(500)
_MAX_MEASURES = 40
_HIGHEST = Decimal(6)
_NEAR = 6
"""Words between the two sides of one surface."""
_TILE = Decimal(20)
"""Two sides from this many, without a unit, are the size of a tile in centimetres: no room is 60 × 60 m."""

_METRES = frozenset(["m", "metre", "metres", "mt", "mtr", "mts", "meter", "meters"])
_SQUARES = frozenset(["carre", "carres", "carree", "carrees", "care", "cares", "caree", "carees", "square"])
_AREAS = frozenset(["m2", "sqm", "mcarre", "mcarres", "metrecarre", "metrescarres", "sqmt"])
_LINEAR = frozenset(["ml", "lineaire", "lineaires"])
_TIMES = frozenset(["x", "*", "sur", "par", "by", "fois"])
_SMALL = frozenset(["cm", "mm", "centimetre", "centimetres"])
_TOTAL = frozenset(["total", "totale", "tout", "totalite", "ensemble", "globale", "altogether"])
_HEIGHT = frozenset(["haut", "hauteur", "plafond", "high"])
_BREAKS = SENTENCE_ENDS | {",", "et"}
_SIDES = ("long", "larg", "haut")
_LABELS = frozenset(["surface", "superficie"])
# A number before one of these measures nothing that is built.
_FOREIGN = frozenset(
    [
        "€",
        "%",
        "euro",
        "euros",
        "eur",
        "k",
        "ke",
        "keuros",
        "an",
        "ans",
        "annee",
        "annees",
        "mois",
        "semaine",
        "semaines",
        "jour",
        "jours",
        "j",
        "h",
        "heure",
        "heures",
        "mn",
        "min",
        "minute",
        "minutes",
        "kg",
        "km",
        "kms",
        "l",
        "litre",
        "litres",
        "w",
        "kw",
        "kva",
        "kwh",
        "a",
        "ampere",
        "amperes",
        "v",
        "volt",
        "volts",
        "e",
        "er",
        "ere",
        "eme",
        "ieme",
        "nd",
        "nde",
        "etage",
        "etages",
        "niveau",
        "niveaux",
        "personne",
        "personnes",
        "enfant",
        "enfants",
        "fois",
        "years",
        "year",
    ]
)
_BEFORE_FOREIGN = frozenset(
    [
        "budget",
        "prix",
        "tarif",
        "maximum",
        "max",
        "euro",
        "cout",
        "depenser",
        "etage",
        "annee",
        "depuis",
        "rue",
        "avenue",
        "numero",
        "appelle",
        "code",
        "postal",
        "tel",
    ]
)
_ADJECTIVES = frozenset(
    [
        "grand",
        "grande",
        "petit",
        "petite",
        "nouveau",
        "nouvelle",
        "nouvel",
        "vieux",
        "vieille",
        "ancien",
        "ancienne",
        "autre",
        "belle",
        "beau",
        "bonne",
        "seul",
        "seule",
        "double",
        "simple",
        "large",
        "haut",
        "haute",
        "big",
        "small",
        "new",
        "old",
    ]
)


class Measured(StrEnum):
    """What a number with its unit measures."""

    AREA = "area"
    LENGTH = "length"
    HEIGHT = "height"  # Counts for nothing alone: it only makes a surface with a length.


@dataclass(frozen=True, slots=True)
class Measure:
    """A surface in m² or a length in m, between two token positions; `walls` is the surface around a room of known height."""

    kind: Measured
    value: Decimal
    start: int
    end: int
    walls: Decimal | None = None
    total: bool = False
    each: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    """Every number of a message, sorted: measures, and the numbers that stand alone, by their positions."""

    measures: tuple[Measure, ...]
    bare: dict[int, Decimal]


def numbers_in(found: Sequence[Token]) -> Numbers:
    """Sort the numbers of a message. One pass, a bounded look around each number."""
    measures: list[Measure] = []
    bare: dict[int, Decimal] = {}
    position = 0
    while position < len(found) and len(measures) < _MAX_MEASURES:
        if found[position].value is None:
            position += 1
            continue
        measure = _dimensions(found, position) or _single(found, position) or _other_side(found, position, measures)
        if measure is not None:
            if _is_sane(measure):
                measures.append(measure)
            position = measure.end
        else:
            if not _is_foreign(found, position):
                bare[position] = found[position].value or Decimal(0)
            position += 1
    return Numbers(tuple(_surfaces(found, measures)), bare)


def count_of(found: Sequence[Token], numbers: Numbers, start: int, end: int) -> Decimal | None:
    """How many of what is named between two positions: « six prises », « 6 grandes prises », « prises : 6 »."""
    position = start - 1
    while position >= 0 and start - position <= 2 and _text(found, position).rstrip("sx") in _STEMMED_ADJECTIVES:
        position -= 1
    if position >= 1 and _text(found, position) in ("x", "*"):
        position -= 1
    value = numbers.bare.get(position)
    if value is None and _text(found, end) in (":", "(", "x", "*") and _text(found, end + 2) not in (":", "x", "*"):
        value = numbers.bare.get(end + 1)
    if value is None or not 0 < value <= _MAX_COUNT or value != value.to_integral_value():
        return None
    return value


_STEMMED_ADJECTIVES = frozenset(word.rstrip("sx") for word in _ADJECTIVES)


def _dimensions(found: Sequence[Token], position: int) -> Measure | None:
    """« 3 x 4 m », « 3m50 sur 4 », « 3 x 4 x 2,5 »: the surface, and with a height the surface of the walls."""
    sides: list[Decimal] = []
    in_metres = small = False
    end = position
    while len(sides) < 3:
        side = _side(found, end)
        if side is None:
            break
        value, after, unit = side
        sides.append(value)
        in_metres |= unit in _METRES
        small |= unit in _SMALL
        end = after
        if _text(found, after) not in _TIMES or _text(found, after + 1) == "" or found[after + 1].value is None:
            break
        end = after + 1
    if len(sides) < 2:
        return None
    if small:
        # Centimetres: a room only from two metres on; a tile or a shower tray measures nothing here.
        sides = [side / 100 for side in sides] if min(sides[:2]) >= 200 else [Decimal(0), Decimal(0)]
    elif not in_metres and min(sides[:2]) >= _TILE:
        sides = [Decimal(0), Decimal(0)]
    if max(sides[:2]) > _MAX_SIDE:
        sides = [Decimal(0), Decimal(0)]
    walls = 2 * (sides[0] + sides[1]) * sides[2] if len(sides) == 3 and 0 < sides[2] <= _HIGHEST else None
    return _measure(found, Measured.AREA, sides[0] * sides[1], position, end, walls)


def _side(found: Sequence[Token], position: int) -> tuple[Decimal, int, str] | None:
    """One side: its value, the position after it, its unit; « 3m50 » is 3.5."""
    if position >= len(found) or found[position].value is None or found[position].article:
        return None
    value, end = found[position].value or Decimal(0), position + 1
    unit = _text(found, end)
    if unit in _METRES or unit in _SMALL:
        if _text(found, end + 1) in _SQUARES or (unit == "m" and _text(found, end + 1) == "2" and _text(found, end + 2) not in _TIMES):
            return None
        end += 1
        if unit in _METRES and _glued_centimetres(found, end):
            value, end = value + Decimal(found[end].text) / 100, end + 1
        if _text(found, end) in _LINEAR:
            return None
        return value, end, unit
    return value, end, ""


def _glued_centimetres(found: Sequence[Token], position: int) -> bool:
    """« 3m50 »: two figures stuck to the unit."""
    token = found[position] if position < len(found) else None
    return token is not None and len(token.text) == 2 and token.text.isdecimal() and found[position - 1].end == token.start


def _single(found: Sequence[Token], position: int) -> Measure | None:
    """One number with its unit: « 8 m² », « 8 mètres carrés », « surface : 8 », « 4 ml », « 4 m »."""
    value = found[position].value or Decimal(0)
    unit, following = _text(found, position + 1), _text(found, position + 2)
    if unit in _AREAS:
        return _measure(found, Measured.AREA, value, position, position + 2)
    if unit in ("de", "d") and (following in _AREAS or (following in _METRES and _text(found, position + 3) in _SQUARES)):
        # « une dizaine de m² »
        return _measure(found, Measured.AREA, value, position, position + (3 if following in _AREAS else 4))
    if unit in ("square", "sq") and (following in _METRES or following in ("m", "metre")):
        return _measure(found, Measured.AREA, value, position, position + 3)
    if unit in _METRES and (following in _SQUARES or (following == "2" and found[position + 2].start - found[position + 1].end <= 1)):
        return _measure(found, Measured.AREA, value, position, position + 3)
    if unit in _LINEAR:
        return _measure(found, Measured.LENGTH, value, position, position + 2)
    side = _side(found, position)
    if unit in _METRES:
        if side is None:
            return _measure(found, Measured.LENGTH, value, position, position + 3)
        length, end, _ = side
        if _is_height(found, position, end):
            return _measure(found, Measured.HEIGHT, length, position, end)
        return _measure(found, Measured.LENGTH, length, position, end)
    if unit not in _FOREIGN and unit not in _SMALL and _labelled(found, position):
        return _measure(found, Measured.AREA, value, position, position + 1)
    return None


def _is_height(found: Sequence[Token], start: int, end: int) -> bool:
    """« 2,5 m de haut », « hauteur de 2,5 m »; beyond a comma or an « et » another measure is spoken of."""
    beside, further = (_text(found, end), _text(found, start - 1)), (_text(found, end + 1), _text(found, start - 2))
    return any(near in _HEIGHT or (near not in _BREAKS and far in _HEIGHT) for near, far in zip(beside, further, strict=True))


def _other_side(found: Sequence[Token], position: int, measures: Sequence[Measure]) -> Measure | None:
    """« 10 m de long et 6 de haut »: after a length, the unit goes without saying."""
    value, side = found[position].value or Decimal(0), _text(found, position + 2)
    if not measures or measures[-1].kind is Measured.AREA or position - measures[-1].end > _NEAR or value >= _TILE:
        return None
    if _text(found, position + 1) != "de" or not side.startswith(_SIDES):
        return None
    return _measure(found, Measured.HEIGHT if side in _HEIGHT else Measured.LENGTH, value, position, position + 1)


def _labelled(found: Sequence[Token], position: int) -> bool:
    """« surface au sol d’environ : 25 » needs no unit."""
    for back in range(position - 1, max(position - 6, -1), -1):
        text = _text(found, back)
        if text in _LABELS:
            return not found[position].article
        if found[back].value is not None or (
            text not in FUNCTION_WORDS and text not in {":", "sol", "habitable", "environ", "est", "totale", "fait"}
        ):
            return False
    return False


def _measure(found: Sequence[Token], kind: Measured, value: Decimal, start: int, end: int, walls: Decimal | None = None) -> Measure:
    around = {_text(found, place) for place in (start - 1, start - 2, end, end + 1)}
    each = _text(found, end) in ("chaque", "each", "piece") or bool({_text(found, end), _text(found, end + 1)} & {"chacun", "chacune"})
    total = bool(around & _TOTAL)
    return Measure(kind, _rounded(value), start, end, None if walls is None else _rounded(walls), total, each)


def _surfaces(found: Sequence[Token], measures: Sequence[Measure]) -> list[Measure]:
    """« 4 m de long et 3 m de large » is a surface; without a width, « 10 m de long et 6 m de haut » is one too."""
    heights = [measure for measure in measures if measure.kind is Measured.HEIGHT]
    floors = _joined([measure for measure in measures if measure.kind is not Measured.HEIGHT], partial(_floor, found))
    everything = sorted([*floors, *heights], key=lambda measure: measure.start)
    return [measure for measure in _joined(everything, partial(_wall, found)) if measure.kind is not Measured.HEIGHT]


def _joined(measures: Sequence[Measure], are_sides: Callable[[Measure, Measure], bool]) -> list[Measure]:
    """Neighbours that are the two sides of a surface become that surface."""
    joined: list[Measure] = []
    for measure in measures:
        last = joined[-1] if joined else None
        if last is not None and measure.start - last.end <= _NEAR and are_sides(last, measure):
            joined[-1] = Measure(Measured.AREA, _rounded(last.value * measure.value), last.start, measure.end)
        else:
            joined.append(measure)
    return joined


def _floor(found: Sequence[Token], one: Measure, other: Measure) -> bool:
    return one.kind is other.kind is Measured.LENGTH and _says(found, one, "long") and _says(found, other, "larg")


def _wall(found: Sequence[Token], one: Measure, other: Measure) -> bool:
    if {one.kind, other.kind} != {Measured.LENGTH, Measured.HEIGHT}:
        return False
    length = one if one.kind is Measured.LENGTH else other
    return _says(found, length, "long") or _says(found, length, "larg")


def _says(found: Sequence[Token], measure: Measure, beginning: str) -> bool:
    """A word of this beginning stands right beside the measure."""
    places = (measure.start - 1, measure.start - 2, measure.end, measure.end + 1)
    return any(_text(found, place).startswith(beginning) for place in places)


def _is_foreign(found: Sequence[Token], position: int) -> bool:
    """Money, time, power, a floor, a year, a postcode, a flat number: no quantity of works."""
    token = found[position]
    if token.value is None or token.text.startswith("0") or (token.text.isdecimal() and len(token.text) >= 5):
        return True
    following = _text(found, position + 1)
    if following in _FOREIGN and not (following in ("a", "l") and found[position + 1].start > token.end):
        return True
    for back in range(position - 1, max(position - 5, -1), -1):
        text = _text(found, back)
        if text in _BEFORE_FOREIGN:
            return True
        if text in SENTENCE_ENDS or text == "," or found[back].value is not None:
            return False
    return False


def _is_sane(measure: Measure) -> bool:
    return 0 < measure.value <= (_MAX_AREA if measure.kind is Measured.AREA else _MAX_LENGTH)


def _rounded(value: Decimal) -> Decimal:
    """Two decimals: nobody measures a site finer."""
    return plain(value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)) if value < 10**9 else Decimal(0)


def _text(found: Sequence[Token], position: int) -> str:
    return found[position].text if 0 <= position < len(found) else ""
