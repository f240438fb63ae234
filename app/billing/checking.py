"""The proof that counters are the sums of the log: both grouped in the same way, compared line by line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, text

from app.billing.folding import AMOUNTS, KEY_OF_LOG, KEYS, SUMS
from app.billing.models import UsageLog
from app.core import clock
from app.core.acting import platform
from app.core.transaction import transaction
from app.extensions import db
from app.identity.staff import administrators
from app.notifications.service import notify

log = structlog.get_logger(__name__)
DAYS_KEPT = timedelta(days=400)
"""How long the lines of the log are kept; the days that they add up to stay."""
SHOWN = 100
"""How many differences are said; the number of all of them is logged."""

_KEYS = ", ".join(KEYS)
_DIFFERS = " OR ".join(f"COALESCE(d.{name}, 0) <> COALESCE(l.{name}, 0)" for name in SUMS)
_DRIFT = text(f"""
  WITH logged AS (
    SELECT {_KEYS}, {AMOUNTS} FROM (
      SELECT {KEY_OF_LOG}, success, prompt_tokens, completion_tokens, estimated, cost_eur, unpriced_eur, latency_ms
        FROM usage_logs WHERE counted AND created_at >= :start
    ) k GROUP BY {_KEYS}
  ), days AS (SELECT {_KEYS}, {", ".join(SUMS)} FROM usage_days WHERE day >= :since)
  SELECT {_KEYS}, {", ".join(f"COALESCE(d.{name}, 0) AS counted_{name}, COALESCE(l.{name}, 0) AS logged_{name}" for name in SUMS)},
    count(*) OVER () AS differences
    FROM days d FULL JOIN logged l USING ({_KEYS}) WHERE {_DIFFERS} ORDER BY {_KEYS} LIMIT {SHOWN}
""")


@dataclass(frozen=True, slots=True)
class Difference:
    """A line of `usage_days` that is not the sum of its calls: its key, and by figure (counted, logged) where they differ."""

    day: date
    key: dict[str, str]
    figures: dict[str, tuple[Any, Any]]


def drift() -> list[Difference]:
    """Where counters differ from the log, for the days that the log still holds whole; nothing when all is well.

    One statement reads both at one moment: what waits to be folded is in neither, so a fold may run meanwhile.
    """
    since = first_whole_day()
    rows = db.session.execute(_DRIFT, {"since": since, "start": datetime.combine(since, time(), clock.PARIS)}).mappings().all()
    if rows:
        log.error("costs.drift", differences=rows[0]["differences"])
    return [_difference(row) for row in rows]


def _difference(row: Any) -> Difference:
    figures = {name: (row[f"counted_{name}"], row[f"logged_{name}"]) for name in SUMS}
    return Difference(
        day=row["day"],
        key={name: row[name] for name in KEYS if name != "day"},
        figures={name: pair for name, pair in figures.items() if pair[0] != pair[1]},
    )


def check() -> list[Difference]:
    """`drift`, and the administrators are told of a difference."""
    with transaction(platform("sweep")):
        found = drift()
        if found:
            days = sorted({difference.day for difference in found})
            for administrator in administrators():
                notify(
                    administrator,
                    kind="costs_drift",
                    title="Les compteurs de l’IA ne sont plus la somme du journal",
                    body=f"Premier jour concerné : {days[0]:%d/%m/%Y}. Le détail est sur la page des coûts.",
                    url="/admin/couts",
                )
        return found


def first_whole_day() -> date:
    """The first Paris day whose calls are all still in the log: the oldest that `purge_calls` leaves."""
    return clock.paris_day() - DAYS_KEPT


def purge_calls() -> int:
    """Drop the calls of days that are no longer kept, once they are counted; returns how many."""
    oldest = datetime.combine(first_whole_day(), time(), clock.PARIS)
    with transaction(platform("retention")):
        gone = db.session.execute(delete(UsageLog).where(UsageLog.created_at < oldest, UsageLog.counted)).rowcount
    log.info("costs.purged", calls=gone)
    return int(gone)
