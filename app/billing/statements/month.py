"""What an editor owes for one Paris month: his plan, and the calls made on the platform's keys."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import text

from app.billing.models import Plan, Subscription
from app.billing.statements.issuer import vat_rate_on
from app.billing.statements.lines import Line, Used, plan_line, usage_line
from app.billing.statements.models import BillingProfile
from app.core import clock
from app.core import format as french
from app.core.errors import ConflictError
from app.extensions import db

_USED = text(
    "SELECT d.agent_id, COALESCE(a.name, '') AS agent, d.provider, d.model, sum(d.calls)::bigint AS calls, "
    "sum(d.prompt_tokens)::bigint AS prompt_tokens, sum(d.completion_tokens)::bigint AS completion_tokens, sum(d.cost_eur) AS cost_eur "
    "FROM usage_days d LEFT JOIN agents a ON a.id = d.agent_id "
    "WHERE d.editor_id = :editor AND d.day >= :first AND d.day < :after AND d.paid_by = '' "
    "GROUP BY d.agent_id, a.name, d.provider, d.model HAVING sum(d.cost_eur) > 0 "
    "ORDER BY sum(d.cost_eur) DESC, a.name, d.provider, d.model"
)
"""Calls on keys of the editor's or an artisan's own (`paid_by`) are theirs; the engine `local` costs nothing."""
_UNCOUNTED = text(
    "SELECT EXISTS (SELECT FROM usage_logs WHERE editor_id = :editor AND NOT counted "
    "AND created_at >= CAST(:first AS timestamp) AT TIME ZONE 'Europe/Paris' AND created_at < CAST(:after AS timestamp) AT TIME ZONE 'Europe/Paris')"
)

_UNPRICED = text(
    "SELECT count(*) FROM usage_logs WHERE editor_id = :editor AND paid_by IS NULL AND unpriced_eur > 0 "
    "AND created_at >= CAST(:first AS timestamp) AT TIME ZONE 'Europe/Paris' AND created_at < CAST(:after AS timestamp) AT TIME ZONE 'Europe/Paris'"
)
"""Calls that the platform paid and no price told of: they cost nothing here, so that no line has them (llm/prices.py)."""


def month_bounds(month: str) -> tuple[date, date]:
    """The first day of a month `YYYY-MM`, and the first of the next one."""
    first = date.fromisoformat(f"{month}-01")
    return first, (first + timedelta(days=32)).replace(day=1)


def previous_month() -> str:
    """The last Paris month that is over."""
    return f"{clock.paris_day().replace(day=1) - timedelta(days=1):%Y-%m}"


def month_lines(profile: BillingProfile, month: str) -> list[Line]:
    """The lines of a month as it stands now; none when nothing is owed. The rate of VAT is that of the month's last day."""
    first, after = month_bounds(month)
    rate = vat_rate_on(after - timedelta(days=1)) if profile.vat_mode == "normal" else Decimal(0)
    plan = _plan_line(profile, month, rate)
    used = db.session.execute(_USED, {"editor": profile.editor_id, "first": first, "after": after})
    return ([plan] if plan else []) + [usage_line(Used(*row), rate) for row in used]


def is_counted(editor_id: str, month: str) -> bool:
    """Whether every call of the month is in the days' sums already: they are folded a few seconds after."""
    first, after = month_bounds(month)
    return not db.session.scalar(_UNCOUNTED, {"editor": editor_id, "first": first, "after": after})


def unpriced_calls(editor_id: str, month: str) -> int:
    """How many calls of the month the statement leaves out, for want of a price on their day."""
    first, after = month_bounds(month)
    return db.session.scalar(_UNPRICED, {"editor": editor_id, "first": first, "after": after}) or 0


def lacks_price(profile: BillingProfile, month: str) -> str | None:
    """The name of a plan due this month that has no price, neither its own nor an agreed one."""
    due = _plan_due(profile, month)
    return due.name if due and profile.agreed_price_month is None and due.price_month is None else None


def _plan_due(profile: BillingProfile, month: str) -> Plan | None:
    """The plan this month's statement bears, if any: one that was held before the month ended."""
    _, after = month_bounds(month)
    if profile.cycle == "usage" or (profile.cycle == "yearly" and int(month[5:]) != profile.renewal_month):
        return None
    held = db.session.get(Subscription, profile.editor_id)
    if held is None or clock.paris_day(held.since) >= after:
        return None
    return db.session.get(Plan, held.plan_id)


def _plan_line(profile: BillingProfile, month: str, rate: Decimal) -> Line | None:
    plan = _plan_due(profile, month)
    price = profile.agreed_price_month if profile.agreed_price_month is not None else plan.price_month if plan else None
    if plan is None or price is None:
        return None
    months = 12 if profile.cycle == "yearly" else 1
    detail = f"12 mois à partir de {french.month(month)}" if months == 12 else french.month(month).capitalize()
    return plan_line(plan.name, months, price, detail, rate)


def month_is_over(month: str) -> None:
    """Raise ConflictError for a month that still goes on."""
    if month >= clock.paris_month():
        raise ConflictError("Ce mois n’est pas terminé : son relevé se prépare à partir du 1er du mois suivant.", code="month_not_over")
