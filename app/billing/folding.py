"""Adding up the log of calls by day: exactly once, whatever dies.

One statement marks lines as counted and adds them to their days, so both happen or neither does. Folds may run at once: each
takes lines that no other holds, in batches of their own transaction, and touches days in one order so that none waits in a ring.
"""

from __future__ import annotations

from sqlalchemy import text

from app.billing import budgets, jobs
from app.core.acting import platform
from app.core.jobs import enqueue_after_commit
from app.core.transaction import transaction
from app.extensions import db

BATCH = 2000
KEYS = ("editor_id", "day", "agent_id", "artisan_id", "deployment_id", "provider", "model", "purpose", "paid_by")
"""What calls of one line of `usage_days` have in common, as its primary key."""
SUMS = {
    "calls": "count(*)",
    "failures": "count(*) FILTER (WHERE NOT success)",
    "prompt_tokens": "sum(prompt_tokens)",
    "completion_tokens": "sum(completion_tokens)",
    "estimated_calls": "count(*) FILTER (WHERE estimated)",
    "cost_eur": "sum(cost_eur)",
    "unpriced_eur": "sum(unpriced_eur)",
    "latency_ms_sum": "sum(latency_ms)",
}
KEY_OF_LOG = ", ".join(
    "(created_at AT TIME ZONE 'Europe/Paris')::date AS day" if key == "day" else f"COALESCE({key}, '') AS {key}" for key in KEYS
)
"""The same of a line of the log."""
AMOUNTS = ", ".join(f"{sum_} AS {name}" for name, sum_ in SUMS.items())

_KEYS, _SUMS = ", ".join(KEYS), ", ".join(SUMS)
_FOLD = text(f"""
  WITH batch AS (
    SELECT id FROM usage_logs WHERE NOT counted ORDER BY created_at LIMIT :size FOR UPDATE SKIP LOCKED
  ), flipped AS (
    UPDATE usage_logs l SET counted = true FROM batch WHERE l.id = batch.id RETURNING l.*
  ), keyed AS (
    SELECT {KEY_OF_LOG}, success, prompt_tokens, completion_tokens, estimated, cost_eur, unpriced_eur, latency_ms, created_at FROM flipped
  ), added AS (
    INSERT INTO usage_days AS d ({_KEYS}, {_SUMS}, last_at)
      SELECT {_KEYS}, {AMOUNTS}, max(created_at) FROM keyed GROUP BY {_KEYS} ORDER BY {_KEYS}
    ON CONFLICT ({_KEYS}) DO UPDATE SET {", ".join(f"{name} = d.{name} + excluded.{name}" for name in SUMS)},
      last_at = GREATEST(d.last_at, excluded.last_at)
    RETURNING editor_id, day, paid_by
  )
  SELECT (SELECT count(*) FROM flipped) AS folded,
    ARRAY(SELECT DISTINCT editor_id || ' ' || to_char(day, 'YYYY-MM') FROM added WHERE paid_by = '' AND editor_id <> '') AS spent
""")


def fold() -> int:
    """Add up what the log holds and the days do not; returns how many calls that were."""
    total, size = 0, BATCH
    while size == BATCH:
        size = fold_batch()
        total += size
    return total


def fold_batch() -> int:
    """One transaction of it; returns how many calls it took. Budgets that these calls used up are settled with them."""
    with transaction(platform("sweep")):
        row = db.session.execute(_FOLD, {"size": BATCH}).one()
        if row.spent and budgets.settle({(editor, month) for editor, month in (pair.split(" ") for pair in row.spent)}):
            enqueue_after_commit(jobs.tell_budget_alerts)
    return int(row.folded)
