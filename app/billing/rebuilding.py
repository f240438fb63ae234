"""Counters made again from the log, should they ever differ from it: what to do once `checking.drift` found something."""

from __future__ import annotations

from datetime import datetime, time

import structlog
from sqlalchemy import select, text

from app.billing import budgets
from app.billing.checking import first_whole_day
from app.billing.folding import AMOUNTS, KEY_OF_LOG, KEYS, SUMS
from app.billing.models import Budget
from app.core import clock
from app.core.acting import platform
from app.core.transaction import transaction
from app.extensions import db

log = structlog.get_logger(__name__)

_LOCK = text("LOCK TABLE usage_days IN SHARE ROW EXCLUSIVE MODE")
_EMPTY = text("DELETE FROM usage_days WHERE day >= :since")
_FILL = text(f"""
  INSERT INTO usage_days ({", ".join(KEYS)}, {", ".join(SUMS)}, last_at)
    SELECT {", ".join(KEYS)}, {AMOUNTS}, max(created_at) FROM (
      SELECT {KEY_OF_LOG}, success, prompt_tokens, completion_tokens, estimated, cost_eur, unpriced_eur, latency_ms, created_at
        FROM usage_logs WHERE counted AND created_at >= :start
    ) k GROUP BY {", ".join(KEYS)}
""")


def rebuild() -> int:
    """Make the counters of the days that the log still holds again, in one transaction; how many lines they have.

    Folds wait meanwhile: their calls are not counted yet, so they are added afterwards. Pages go on reading.
    """
    since = first_whole_day()
    with transaction(platform("sweep")):
        db.session.execute(_LOCK)
        db.session.execute(_EMPTY, {"since": since})
        lines = db.session.execute(_FILL, {"start": datetime.combine(since, time(), clock.PARIS)}).rowcount
        month = clock.paris_month()
        budgets.settle((editor_id, month) for editor_id in db.session.scalars(select(Budget.editor_id)))
    log.warning("costs.rebuilt", since=since.isoformat(), lines=lines)
    return int(lines)
