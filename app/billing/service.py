"""The log of model calls."""

from __future__ import annotations

from app.billing.models import UsageLog
from app.core.rows import insert_row


def log_call(entry: UsageLog) -> None:
    """Keep one model call."""
    insert_row(entry)
