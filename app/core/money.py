"""Money: `Decimal`, EUR, two places, half away from zero (PRODUCT.md, Money; FIELD.md, Money and VAT).

One set of functions serves the screen, the API, the webhooks and the devis, so that cents never differ between them.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from json.encoder import encode_basestring
from typing import Any, Protocol

CENT = Decimal("0.01")
VAT_RATES = (Decimal(20), Decimal(10), Decimal("5.5"))
"""The rates in per cent that a line may carry (PRODUCT.md, Money), the normal one first."""

# Wide enough for the exact product of two accepted amounts: only `quantize` ever rounds.
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)
_MAX_MAGNITUDE = 12
_MAX_PLACES = 30
_MAX_TEXT = 40

_SPACES = "[ \u00a0\u202f\u2009]"
_CURRENCY = re.compile(rf"^(?:€{_SPACES}*(?P<after>.*?)|(?P<before>.*?){_SPACES}*(?:€|eur|euros?))$", re.IGNORECASE)
# Without a separator, or with one that can only be the decimal one.
_PLAIN = re.compile(r"^(?P<whole>[0-9]+)(?:[.,](?P<cents>[0-9]+))?$")
# Groups of three digits behind one repeated separator, then the other sign for the decimals.
_GROUPED = re.compile(
    rf"^(?P<whole>[0-9]{{1,3}}(?P<group>{_SPACES}|[.,])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*)(?:(?P<point>[.,])(?P<cents>[0-9]+))?$"
)


class AmountError(ValueError):
    """The value is not a finite number of a reasonable size."""


class TaxedLine(Protocol):
    """What `totals` needs of a line: its net amount, and its VAT rate in per cent."""

    @property
    def total_ht(self) -> Decimal: ...

    @property
    def vat_rate(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class VatLine:
    """The VAT of one rate (per cent): the sum of the net amounts, and the tax rounded once."""

    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """Net total, VAT by rate (highest first), gross total: `total_ttc` is exactly the sum of the others."""

    total_ht: Decimal
    vat: tuple[VatLine, ...]
    total_ttc: Decimal


def round_cents(value: Decimal) -> Decimal:
    """Two places, half away from zero."""
    return value.quantize(CENT, context=_EXACT)


def line_total(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """The net amount of a line, rounded once."""
    return round_cents(_EXACT.multiply(quantity, unit_price))


def totals(lines: Iterable[TaxedLine]) -> Totals:
    """Add lines up: one base per rate, VAT rounded once per rate (EN 16931), whatever the order of the lines."""
    bases: defaultdict[Decimal, Decimal] = defaultdict(lambda: Decimal("0.00"))
    for line in lines:
        bases[line.vat_rate] += round_cents(line.total_ht)
    vat = tuple(
        VatLine(rate, base, round_cents(_EXACT.multiply(base, rate).scaleb(-2, context=_EXACT)))
        for rate, base in sorted(bases.items(), reverse=True)
    )
    total_ht = sum((line.base for line in vat), Decimal("0.00"))
    return Totals(total_ht, vat, total_ht + sum((line.amount for line in vat), Decimal("0.00")))


def parse_amount(value: object) -> Decimal:
    """Read a number that comes from outside, in full precision.

    Accepts int, float, Decimal, and text that can be read one way only in French or in English, with or without the
    euro sign: « 1 200,50 », « 1,200.50 », « 80 € ». « 1,200 » may be twelve hundred or one and a fifth: refused.
    Raises AmountError on anything else: a boolean, NaN, an infinity, more than 12 digits before the point.
    """
    if isinstance(value, bool):
        raise AmountError("a boolean is not a number")
    if isinstance(value, str):
        return _bounded(_read_text(value))
    if isinstance(value, int):
        # Compared before it is converted: writing out a huge int takes quadratic time.
        if abs(value) >= 10**_MAX_MAGNITUDE:
            raise AmountError("out of range")
        return Decimal(value)
    if isinstance(value, float):
        return _bounded(Decimal(repr(value)))
    if isinstance(value, Decimal):
        return _bounded(value)
    raise AmountError(f"not a number: {type(value).__name__}")


def _bounded(number: Decimal) -> Decimal:
    """Refuse what is not finite, and exponents that would turn a few characters into megabytes."""
    if not number.is_finite():
        raise AmountError("not finite")
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or number.adjusted() >= _MAX_MAGNITUDE or exponent < -_MAX_PLACES:
        raise AmountError("out of range")
    return number


def _read_text(text: str) -> Decimal:
    if len(text) > _MAX_TEXT:
        raise AmountError("too long")
    text = text.strip()
    if match := _CURRENCY.match(text):
        text = (match["after"] or match["before"] or "").strip()
    sign = "-" if text.startswith(("-", "−")) else ""
    text = re.sub(r"^[-−+]", "", text)
    if match := _PLAIN.match(text):
        whole, cents = match["whole"], match["cents"]
        if cents is not None and len(cents) == 3 and len(whole) <= 3 and not whole.startswith("0"):
            raise AmountError("ambiguous: thousands or decimals")
    elif (match := _GROUPED.match(text)) and match["point"] != match["group"]:
        whole, cents = re.sub(r"\D", "", match["whole"]), match["cents"]
    else:
        raise AmountError("not a number")
    return Decimal(f"{sign}{whole}.{cents or '0'}")


def to_json(value: Decimal) -> Decimal:
    """An amount as it leaves in JSON: `dumps_money` prints its two decimals."""
    return round_cents(value)


def price_to_json(value: Decimal) -> Decimal:
    """A unit price as it leaves in JSON: two decimals, or up to four where it has them (FIELD.md)."""
    finest = value.quantize(Decimal("0.0001"), context=_EXACT)
    cents = round_cents(value)
    return cents if cents == finest else trimmed(finest)


def trimmed(value: Decimal) -> Decimal:
    """The same number without zeros at its end nor an exponent: a quantity, a surface, a rate."""
    whole = value.to_integral_value()
    return whole.quantize(Decimal(1), context=_EXACT) if value == whole else value.normalize(_EXACT)


def dumps_money(value: object) -> bytes:
    """Compact JSON in UTF-8 whose Decimals are numbers printed with the places they have: 5790.00 stays 5790.00.

    The standard encoder cannot do that: it prints every float by `float.__repr__`. Raises TypeError on a value JSON
    does not know, ValueError on NaN and infinities.
    """
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode()


def _write(value: Any, parts: list[str]) -> None:
    match value:
        case str():
            parts.append(encode_basestring(value))
        case dict() | Mapping():
            separator = "{"
            for key, item in value.items():
                if not isinstance(key, str):
                    raise TypeError(f"a JSON key is text, not {type(key).__name__}")
                parts.append(f"{separator}{encode_basestring(key)}:")
                _write(item, parts)
                separator = ","
            parts.append("}" if value else "{}")
        case list() | tuple():
            separator = "["
            for item in value:
                parts.append(separator)
                _write(item, parts)
                separator = ","
            parts.append("]" if value else "[]")
        case None | bool() | int():
            parts.append(json.dumps(value))
        case Decimal():
            if not value.is_finite():
                raise ValueError("not a JSON number")
            parts.append(format(value, "f"))
        case float():
            if not math.isfinite(value):
                raise ValueError("not a JSON number")
            parts.append(repr(value))
        case _:
            raise TypeError(f"not a JSON value: {type(value).__name__}")
