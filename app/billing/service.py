"""Counting: in the fact's own transaction, last, by one statement (PRODUCT.md, Limits)."""

from __future__ import annotations

from sqlalchemy import text

from app.billing.models import UsageLog
from app.core import clock
from app.core.rows import insert_row
from app.extensions import db

_COUNT = text(
    "INSERT INTO usage_counters (tenant_id, month, sessions, messages) VALUES (:tenant, :month, :sessions, :messages) "
    "ON CONFLICT (tenant_id, month) DO UPDATE SET sessions = usage_counters.sessions + excluded.sessions, "
    "messages = usage_counters.messages + excluded.messages"
)


def count_usage(tenant_id: str | None, *, sessions: int = 0, messages: int = 0) -> None:
    """Add to the tenant's counters of this Paris month. A conversation without a tenant counts for nobody."""
    if tenant_id:
        db.session.execute(_COUNT, {"tenant": tenant_id, "month": clock.paris_month(), "sessions": sessions, "messages": messages})


def log_call(entry: UsageLog) -> None:
    """Keep one model call."""
    insert_row(entry)
