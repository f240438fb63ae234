"""How an agent is used: figures of 7, 30 or 90 days (000, statistics of an assistant)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from app.billing.figures.costs import CostFigures, Figure, cost_figures
from app.billing.figures.wanted import Wanted, paris_day
from app.billing.models import UsageLog
from app.core import clock
from app.extensions import db


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """`costs` holds uses, tenants, tokens, costs and mean latencies, whole and by group; `p95` the slowest twentieth of calls, by day."""

    costs: CostFigures
    p95_ms: int | None
    p95_days: list[int | None]

    @property
    def total(self) -> Figure:
        """The whole period."""
        return self.costs.total

    @property
    def most_used_model(self) -> Figure | None:
        """The model with most calls; None without a call."""
        return max(self.costs.models, key=lambda one: one.calls, default=None)


def agent_figures(agent_id: str, days: int, *, until: date | None = None) -> AgentFigures:
    """The last `days` Paris days of an agent, up to today (or `until`)."""
    last = until or clock.paris_day()
    wanted = Wanted(last - timedelta(days=days - 1), last, agent_id=agent_id)
    slow = _p95(wanted)
    return AgentFigures(cost_figures(wanted), slow.get(None), [slow.get(day) for day in wanted.days()])


def _p95(wanted: Wanted) -> dict[date | None, int]:
    """Latency that 95 % of calls stay under, by day and, under None, of all of them. From the log: no sum gives it."""
    day = paris_day(UsageLog.created_at)
    dated = select(day.label("day"), UsageLog.latency_ms).where(*wanted.of_logs()).subquery()
    p95: Any = func.percentile_cont(0.95).within_group(dated.c.latency_ms)
    rows = db.session.execute(select(dated.c.day, p95.label("p95")).group_by(func.rollup(dated.c.day)))
    return {row.day: round(row.p95) for row in rows if row.p95 is not None}
