"""Which calls a figure is about, and all of them as one table: folded days and what waits to be folded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, Select, Subquery, case, cast, func, literal, select, union_all

from app.billing.models import UsageDay, UsageLog
from app.core import clock

PURPOSES = ("reply", "playground", "evaluation", "assist", "content")
NONE = ""
"""The key of what has no editor, no agent, or the platform's own key."""
KEYS = ("agent_id", "editor_id", "artisan_id", "deployment_id", "provider", "model", "purpose", "paid_by")
SUMS = ("calls", "failures", "prompt_tokens", "completion_tokens", "estimated_calls", "cost_eur", "latency_ms_sum")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A period, its two Paris days included, narrowed by what is given. NONE asks for those without."""

    since: date
    until: date
    editor_id: str | None = None
    artisan_id: str | None = None
    agent_id: str | None = None
    deployment_id: str | None = None
    provider: str | None = None
    model: str | None = None
    purpose: str | None = None

    @property
    def start(self) -> datetime:
        """The first moment, in Paris."""
        return datetime.combine(self.since, time(), clock.PARIS)

    @property
    def end(self) -> datetime:
        """The moment after the last one."""
        return datetime.combine(self.until + timedelta(days=1), time(), clock.PARIS)

    def days(self) -> list[date]:
        """Every Paris day of it."""
        return [self.since + timedelta(days=number) for number in range((self.until - self.since).days + 1)]

    def within(self, since: date, until: date) -> Wanted:
        """The same of another period."""
        return replace(self, since=since, until=until)

    def narrowed(self, table: Any) -> list[ColumnElement[bool]]:
        """Its conditions but the period, on the columns of days (never NULL) or of the log (NULL for none)."""
        conditions = []
        for key in KEYS:
            value = getattr(self, key, None)
            if value is None:
                continue
            column = getattr(table, key)
            conditions.append(column.is_(None) if value == NONE and table is UsageLog else column == value)
        return conditions

    def of_logs(self) -> list[ColumnElement[bool]]:
        """Its conditions on the log of calls."""
        return [UsageLog.created_at >= self.start, UsageLog.created_at < self.end, *self.narrowed(UsageLog)]


def facts(wanted: Wanted) -> Subquery:
    """One row per folded day and combination, and one per call not folded yet; columns `day`, KEYS and SUMS.

    One statement sees both at one moment: a call is in one of them, whatever the folding does meanwhile.
    """
    return union_all(_folded(wanted), _waiting(wanted)).subquery()


def paris_day(moment: Any) -> ColumnElement[date]:
    """The Paris day of a column."""
    return cast(func.timezone(clock.PARIS.key, moment), Date)


def _folded(wanted: Wanted) -> Select[Any]:
    columns = [getattr(UsageDay, name) for name in ("day", *KEYS, *SUMS)]
    return select(*columns).where(UsageDay.day >= wanted.since, UsageDay.day <= wanted.until, *wanted.narrowed(UsageDay))


def _waiting(wanted: Wanted) -> Select[Any]:
    one: ColumnElement[int] = literal(1, Integer)
    sums = {
        "calls": one,
        "failures": case((UsageLog.success, 0), else_=1),
        "prompt_tokens": UsageLog.prompt_tokens,
        "completion_tokens": UsageLog.completion_tokens,
        "estimated_calls": case((UsageLog.estimated, 1), else_=0),
        "cost_eur": UsageLog.cost_eur,
        "latency_ms_sum": UsageLog.latency_ms,
    }
    keys = [func.coalesce(getattr(UsageLog, key), NONE).label(key) for key in KEYS]
    columns = [paris_day(UsageLog.created_at).label("day"), *keys, *(sums[name].label(name) for name in SUMS)]
    return select(*columns).where(~UsageLog.counted, *wanted.of_logs())
