"""What models do now, for the administrators' first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select

from app.billing.figures.costs import cost_figures
from app.billing.figures.wanted import Wanted
from app.billing.models import UsageLog
from app.core import clock
from app.extensions import db

RECENT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Today:
    """Calls that failed within 24 hours; calls and euros of this Paris day, those paid by the platform apart."""

    errors: int
    calls: int
    cost: Decimal
    own_cost: Decimal


def today() -> Today:
    """The figures of this day, as the acting person may see them."""
    day = clock.paris_day()
    failed = select(func.count()).where(~UsageLog.success, UsageLog.created_at >= clock.now() - RECENT)
    total = cost_figures(Wanted(day, day)).total
    return Today(db.session.scalar(failed) or 0, total.calls, total.cost, total.own_cost)
