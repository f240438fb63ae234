"""The log of model calls."""

from __future__ import annotations

from collections.abc import Sequence

from app.billing.models import UsageLog
from app.core.rows import insert_rows


def log_calls(entries: Sequence[UsageLog]) -> None:
    """Keep model calls, in the transaction of what they were made for. `folding` adds them up later."""
    if entries:
        insert_rows(entries)
