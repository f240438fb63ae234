"""Spending: every limit of a message in one statement, last, in the message's own transaction (PRODUCT.md, Limits)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import redis
import structlog
from sqlalchemy import Date, Integer, Text, bindparam, func, text
from sqlalchemy.dialects.postgresql import JSONB

from app.billing import jobs
from app.core import clock
from app.core.acting import current_actor
from app.core.jobs import enqueue_after_commit
from app.extensions import db, redis_client

log = structlog.get_logger(__name__)
Refused = Literal["budget", "plan_sessions", "plan_messages", "deployment", "link"]
CODES: dict[Refused, str] = {
    "budget": "budget_exceeded",
    "plan_sessions": "quota_exceeded",
    "plan_messages": "quota_exceeded",
    "deployment": "deployment_quota_exceeded",
    "link": "link_quota_exceeded",
}
REFUSALS = "quota:refused"
"""Attempts over a plan, in Redis until a job adds them to the counters: a refused request leaves nothing in the database."""

_STOPS = text("SELECT budget_stops(:month)")
SPEND = func.to_jsonb(
    func.spend_quota(bindparam("spend_month", type_=Text), bindparam("spend_day", type_=Date), bindparam("spend_sessions", type_=Integer)),
    type_=JSONB,
)
"""Counts a message of the acting visitor against every limit, as the last thing of the statement that keeps it.

`spending` binds it, `refusal_of` judges what it gives. A refusal must end the transaction undone: some counters may have been raised
before another refused.
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which limit refused, and in how many seconds it is another day or month in Paris."""

    limit: Refused
    retry_after: int

    @property
    def code(self) -> str:
        """The code of the answer."""
        return CODES[self.limit]


def spending(*, first: bool) -> dict[str, Any]:
    """What `SPEND` counts, now: a message, and its session when it is its `first`."""
    now = clock.now()
    return {"spend_month": clock.paris_month(now), "spend_day": clock.paris_day(now), "spend_sessions": int(first)}


def refusal_of(spent: dict[str, Any]) -> Refusal | None:
    """The refusal that `SPEND` gave, if it did; else alerts of a limit that comes near follow the commit."""
    refused = spent["refused"]
    if refused is None:
        if spent["crossed"]:
            enqueue_after_commit(jobs.tell_quota_alerts)
        return None
    now = clock.now()
    day = clock.paris_day(now)
    if refused.startswith("plan_"):
        _note_refusal(clock.paris_month(now), refused.removeprefix("plan_"))
    end = day + timedelta(days=1) if refused == "deployment" else next_month(day)
    return Refusal(refused, max(1, int((begins(end) - now).total_seconds())))


def budget_refusal() -> Refusal | None:
    """The refusal of a reply that counts no message, when the budget of the visitor's editor is used up and he is stopped there."""
    now = clock.now()
    if not db.session.scalar(_STOPS, {"month": clock.paris_month(now)}):
        return None
    return Refusal("budget", max(1, int((begins(next_month(clock.paris_day(now))) - now).total_seconds())))


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
