"""Spending: every limit of a message in one statement, last, in the message's own transaction (PRODUCT.md, Limits)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import redis
import structlog
from sqlalchemy import text

from app.billing import jobs
from app.core import clock
from app.core.acting import current_actor
from app.core.jobs import enqueue_after_commit
from app.extensions import db, redis_client

log = structlog.get_logger(__name__)
Refused = Literal["plan_sessions", "plan_messages", "deployment", "link"]
CODES: dict[Refused, str] = {
    "plan_sessions": "quota_exceeded",
    "plan_messages": "quota_exceeded",
    "deployment": "deployment_quota_exceeded",
    "link": "link_quota_exceeded",
}
REFUSALS = "quota:refused"
"""Attempts over a plan, in Redis until a job adds them to the counters: a refused request leaves nothing in the database."""

_SPEND = text("SELECT refused, crossed FROM spend_quota(:month, :day, :sessions)")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which limit refused, and in how many seconds it is another day or month in Paris."""

    limit: Refused
    retry_after: int

    @property
    def code(self) -> str:
        """The code of the answer."""
        return CODES[self.limit]


def count_message(*, first: bool) -> Refusal | None:
    """Count a message of the acting visitor, and his session when it is its `first`, against every limit.

    A refusal must end the transaction undone: some counters may have been raised before another refused.
    """
    now = clock.now()
    day, month = clock.paris_day(now), clock.paris_month(now)
    row = db.session.connection().execute(_SPEND, {"month": month, "day": day, "sessions": int(first)}).one()
    if row.crossed and row.refused is None:
        enqueue_after_commit(jobs.tell_quota_alerts)
    if row.refused is None:
        return None
    if row.refused.startswith("plan_"):
        _note_refusal(month, row.refused.removeprefix("plan_"))
    end = day + timedelta(days=1) if row.refused == "deployment" else next_month(day)
    return Refusal(row.refused, max(1, int((begins(end) - now).total_seconds())))


def next_month(day: date) -> date:
    """The first day of the month after."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def begins(day: date) -> datetime:
    """The moment a Paris day begins, in UTC: a day has 23 or 25 hours when the clocks change."""
    return datetime.combine(day, time(), clock.PARIS).astimezone(UTC)


def _note_refusal(month: str, kind: str) -> None:
    tenant = current_actor().tenant_id
    try:
        redis_client().hincrby(REFUSALS, f"{tenant}|{month}|{kind}", 1)
    except redis.RedisError:
        log.warning("quota.refusal_not_noted")
