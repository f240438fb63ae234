"""How France writes numbers, money and time (DESIGN.md, Words).

Pure text: nothing here knows Flask. Thousands are separated by U+202F, the euro sign stands after U+00A0, moments are read in
Europe/Paris. `None` gives an em dash, so that a table never shows "None".
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from app.core import clock

NARROW_SPACE = "\u202f"
SPACE = "\u00a0"
NOTHING = "—"
MINUS = "\u2212"

MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre")
SHORT_MONTHS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")

Number = Decimal | int | float


def _exact(value: Number) -> Decimal:
    """The decimal a person would read: a float passes through its shortest text, never through its binary expansion."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _written(value: Decimal, places: int) -> str:
    """Grouped digits with `places` decimals, rounded half up, French comma; minus is the typographic sign, and zero has none."""
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,.{places}f}".replace(",", NARROW_SPACE).replace(".", ",")
    return f"{MINUS}{text}" if rounded < 0 else text


def number(value: Number | None, places: int = 0) -> str:
    """`1204` -> « 1 204 »; `places` decimals, rounded half up."""
    if value is None:
        return NOTHING
    if isinstance(value, int) and not places:  # the counts of a list: most numbers of a page
        return f"{value:,}".replace(",", NARROW_SPACE).replace("-", MINUS)
    return _written(_exact(value), places)


def quantity(value: Number | None) -> str:
    """A quantity without useless zeros: `8.00` -> « 8 », `2.50` -> « 2,5 », at most three decimals."""
    if value is None:
        return NOTHING
    text = _written(_exact(value), 3).rstrip("0")
    return text.removesuffix(",")


def euro(amount: Decimal | int | None) -> str:
    """`5790` -> « 5 790,00 € ». Euros, two places, rounded half up (PRODUCT.md, Money); never a float."""
    return NOTHING if amount is None else f"{_written(_exact(amount), 2)}{SPACE}€"


def cost(amount: Decimal | int | None, places: int = 4) -> str:
    """What calls of models cost, below a euro to `places` decimals: « 12,40 € », « 0,0312 € », « < 0,0001 € », « 0,00 € »."""
    if amount is None or amount == 0 or abs(amount) >= 1:
        return euro(amount)
    least = Decimal(1).scaleb(-places)
    if abs(amount) < least:
        return f"<{SPACE}{_written(least, places)}{SPACE}€"
    return f"{_written(_exact(amount), places)}{SPACE}€"


def percent(value: Number | None, places: int | None = None) -> str:
    """A value already in percent: `20` -> « 20 % », `5.5` -> « 5,5 % ». Without `places`, at most one decimal, kept only if useful."""
    if value is None:
        return NOTHING
    text = _written(_exact(value), 1 if places is None else places)
    if places is None:
        text = text.removesuffix(",0")
    return f"{text}{NARROW_SPACE}%"


def size(octets: int | None) -> str:
    """Octets in decimal units: `2400000` -> « 2,4 Mo », `812` -> « 812 o »."""
    if octets is None:
        return NOTHING
    value = Decimal(octets)
    for unit in ("o", "ko", "Mo", "Go"):
        # 999.95 would be written « 1 000,0 »: it belongs to the next unit already.
        if value < (1000 if unit == "o" else Decimal("999.95")):
            return f"{quantity(value.quantize(Decimal('0.1'), rounding=ROUND_HALF_UP))}{SPACE}{unit}"
        value /= 1000
    return f"{_written(value, 1)}{SPACE}To"


def duration(milliseconds: Number | None) -> str:
    """Milliseconds: « 81 ms », « 5,0 s », « 3 min 20 s », « 2 h 05 min »."""
    if milliseconds is None:
        return NOTHING
    total = _exact(milliseconds).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    if total < 1000:
        return f"{total}{SPACE}ms"
    if total < 59_950:
        return f"{_written(total / 1000, 1)}{SPACE}s"
    seconds = int((total / 1000).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}{SPACE}min" + (f" {seconds}{SPACE}s" if seconds else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{SPACE}h" + (f" {minutes:02}{SPACE}min" if minutes else "")


def plural(count: int, one: str, many: str) -> str:
    """« 1 message », « 12 messages »; in French zero and one are singular."""
    return f"{number(count)}{SPACE}{one if abs(count) < 2 else many}"


def time(at: datetime | None) -> str:
    """« 14:05 », Paris time."""
    return NOTHING if at is None else _clock_face(at.astimezone(clock.PARIS))


def day(on: date | datetime | None) -> str:
    """« 21 novembre 2026 », « 1er mars 2026 »; a moment is read in Paris."""
    if on is None:
        return NOTHING
    return _written_day(on.astimezone(clock.PARIS) if isinstance(on, datetime) else on, MONTHS)


def exact(at: datetime | None) -> str:
    """« 21 novembre 2026 à 14:05 », Paris time."""
    if at is None:
        return NOTHING
    local = at.astimezone(clock.PARIS)
    return f"{_written_day(local, MONTHS)} à {_clock_face(local)}"


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in the words of a list: « à l’instant », « il y a 2 min », « il y a 3 h », « hier, 18:40 », « 12 nov. 2026 ».

    A moment to come reads « dans 5 min », « demain, 09:00 ». `now` defaults to the clock.
    """
    if at is None:
        return NOTHING
    reference = now or clock.now()
    seconds = (reference - at).total_seconds()
    if abs(seconds) < 45:
        return "à l’instant"
    direction = "il y a" if seconds > 0 else "dans"
    minutes = max(1, round(abs(seconds) / 60))
    if minutes < 60:
        return f"{direction}{SPACE}{minutes}{SPACE}min"
    local = at.astimezone(clock.PARIS)
    days = (clock.paris_day(reference) - local.date()).days
    if days == 0:
        return f"{direction}{SPACE}{int(abs(seconds) // 3600) or 1}{SPACE}h"
    if abs(days) == 1:
        return f"{'hier' if days == 1 else 'demain'}, {_clock_face(local)}"
    return _written_day(local, SHORT_MONTHS)


def month(value: date | str | None) -> str:
    """« novembre 2026 », of a day or of a month written `2026-11`."""
    if value is None:
        return NOTHING
    year, number_of_month = (value.year, value.month) if isinstance(value, date) else map(int, value.split("-"))
    return f"{MONTHS[number_of_month - 1]} {year}"


def de(name: str) -> str:
    """« de Sage », « d’EBP », « d’août 2026 ». A leading H or Y is left as it is: nothing tells a mute one."""
    first = unicodedata.normalize("NFD", name)[:1].casefold()
    return f"d’{name}" if first and first in "aeiouœæ" else f"de {name}"


def _clock_face(local: datetime) -> str:
    return f"{local.hour:02}:{local.minute:02}"


def _written_day(local: date, months: tuple[str, ...]) -> str:
    """The first of a month is an ordinal in French."""
    return f"{'1er' if local.day == 1 else local.day}{SPACE}{months[local.month - 1]} {local.year}"
