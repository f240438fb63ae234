"""The log of calls, one by one, for the administrators' list."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from app.billing.figures.wanted import Wanted
from app.billing.models import UsageLog
from app.core.errors import NotFoundError
from app.extensions import db

OUTCOMES = ("ok", "error")


def calls_of(wanted: Wanted, *, outcome: str = "", error_class: str = "") -> Select[Any]:
    """Calls of a period, to be paged by `created_at`. No message is read: the log has none."""
    statement = select(
        UsageLog.id,
        UsageLog.created_at,
        UsageLog.provider,
        UsageLog.model,
        UsageLog.purpose,
        UsageLog.agent_id,
        UsageLog.editor_id,
        UsageLog.prompt_tokens,
        UsageLog.completion_tokens,
        UsageLog.estimated,
        UsageLog.cost_eur,
        UsageLog.paid_by,
        UsageLog.latency_ms,
        UsageLog.ttft_ms,
        UsageLog.success,
        UsageLog.error_class,
    ).where(*wanted.of_logs())
    if outcome in OUTCOMES:
        statement = statement.where(UsageLog.success if outcome == "ok" else ~UsageLog.success)
    return statement.where(UsageLog.error_class == error_class) if error_class else statement


def failed_calls(owner_id: str | None, limit: int) -> list[Any]:
    """The latest failures of calls made with the keys of an account (None: of the platform), without any content."""
    columns = (
        UsageLog.id,
        UsageLog.created_at,
        UsageLog.provider,
        UsageLog.model,
        UsageLog.purpose,
        UsageLog.error_class,
        UsageLog.latency_ms,
    )
    failed = select(*columns).where(~UsageLog.success, UsageLog.paid_by.is_not_distinct_from(owner_id))
    return list(db.session.execute(failed.order_by(UsageLog.created_at.desc(), UsageLog.id.desc()).limit(limit)))


def error_classes(wanted: Wanted) -> list[str]:
    """The names of errors met in a period, for a filter."""
    kept = [~UsageLog.success, UsageLog.created_at >= wanted.start, UsageLog.created_at < wanted.end]
    return [
        name for name in db.session.scalars(select(UsageLog.error_class).where(*kept).distinct().order_by(UsageLog.error_class)) if name
    ]


def call_by_id(call_id: str) -> UsageLog:
    """One call. Raises NotFoundError."""
    found = db.session.get(UsageLog, call_id)
    if found is None:
        raise NotFoundError()
    return found
