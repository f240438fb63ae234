"""The lines of a statement and their totals: pure figures, one function for the page, the PDF, the CSV and the accounting system."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from app.core import format as french
from app.core.money import Totals, line_total, round_cents, totals, trimmed

_AMOUNTS = ("quantity", "unit_price", "total_ht", "vat_rate", "cost_eur")
PLAN, USAGE = "plan", "usage"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a plan, or what one agent used of one model. `total_ht` is rounded once, `cost_eur` is what the calls cost exactly."""

    kind: str
    label: str
    detail: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    total_ht: Decimal
    vat_rate: Decimal
    agent_id: str = ""
    provider: str = ""
    model: str = ""
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_eur: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Used:
    """What one agent used of one model in the month, on the platform's keys."""

    agent_id: str
    agent: str
    provider: str
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_eur: Decimal


def plan_line(name: str, months: int, price_month: Decimal, detail: str, vat_rate: Decimal) -> Line:
    """The plan, for one month or for the twelve of a yearly cycle."""
    quantity = Decimal(months)
    return Line(PLAN, f"Forfait {name}", detail, quantity, "mois", price_month, line_total(quantity, price_month), vat_rate)


def usage_line(used: Used, vat_rate: Decimal) -> Line:
    """What one agent used of one model, at what it cost: no margin is added."""
    amount = round_cents(used.cost_eur)
    tokens = french.plural(used.prompt_tokens + used.completion_tokens, "jeton", "jetons")
    return Line(
        kind=USAGE,
        label=f"Intelligence artificielle : {used.agent or 'sans agent'}",
        detail=f"{used.model} ({used.provider}), {french.plural(used.calls, 'appel', 'appels')}, {tokens}",
        quantity=Decimal(1),
        unit="mois",
        unit_price=amount,
        total_ht=amount,
        vat_rate=vat_rate,
        agent_id=used.agent_id,
        provider=used.provider,
        model=used.model,
        calls=used.calls,
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        cost_eur=used.cost_eur,
    )


def undone(lines: Iterable[Line]) -> list[Line]:
    """The same lines with the opposite amounts: those of a credit note."""
    return [replace(line, unit_price=-line.unit_price, total_ht=-line.total_ht, cost_eur=-line.cost_eur) for line in lines]


def to_rows(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Lines as JSON keeps them: amounts as text, never as floats."""
    return [{name: _text(value) if name in _AMOUNTS else value for name, value in asdict(line).items()} for line in lines]


def from_rows(rows: Iterable[dict[str, Any]]) -> list[Line]:
    """The lines that `to_rows` wrote."""
    return [Line(**{name: Decimal(value) if name in _AMOUNTS else value for name, value in row.items()}) for row in rows]


def vat_rows(found: Totals) -> list[dict[str, str]]:
    """The VAT by rate as JSON keeps it."""
    return [{"rate": _text(line.rate), "base": _text(line.base), "amount": _text(line.amount)} for line in found.vat]


def same(one: Sequence[Line], other: Sequence[Line]) -> bool:
    """Whether two sets of lines say the same."""
    return to_rows(one) == to_rows(other)


def invoice_lines(lines: Sequence[Line]) -> list[Line]:
    """The lines to give to a system that rounds the VAT of each line: as they are when that gives our VAT, else one line per rate.

    Cents that differ between a statement and its invoice cannot be explained to anybody (LESSONS.md, Dolibarr#16043).
    """
    by_line = sum((totals([line]).vat[0].amount for line in lines), Decimal("0.00"))
    found = totals(lines)
    if by_line == sum((line.amount for line in found.vat), Decimal("0.00")):
        return list(lines)
    return [_together([line for line in lines if line.vat_rate == vat.rate], vat.base) for vat in found.vat]


def _together(lines: Sequence[Line], base: Decimal) -> Line:
    detail = "\n".join(f"{line.label}, {line.detail} : {french.euro(line.total_ht)}" for line in lines)
    return Line(lines[0].kind, "Forfait et consommation du mois", detail, Decimal(1), "mois", base, base, lines[0].vat_rate)


def _text(value: Decimal) -> str:
    """An amount as text, without an exponent; a rate or a quantity without useless zeros is the reader's matter."""
    return format(value, "f")


def of_month(month: str) -> str:
    """« de novembre 2026 », « d’août 2026 »."""
    return french.de(french.month(month))


def rate_words(rate: Decimal) -> str:
    """« 20 % »."""
    return french.percent(trimmed(rate))
