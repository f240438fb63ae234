"""What the last comparison of counters with the log found, kept in Redis for a page; lost with it, it is made again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import redis

from app.billing import jobs
from app.billing.checking import SHOWN, Difference
from app.core import clock
from app.core.jobs import enqueue_after_commit
from app.extensions import redis_client

_RESULT = "costs:check"
_ASKED = "costs:check:asked"
_ASKED_SECONDS = 600
_KEPT = 10


@dataclass(frozen=True, slots=True)
class Checked:
    """The last comparison: when (None: never yet), how many lines differ, the first of them in words; and whether one is under way."""

    at: datetime | None
    differences: int
    lines: list[str]
    running: bool

    @property
    def capped(self) -> bool:
        """Whether there may be more differences than are said."""
        return self.differences >= SHOWN


def last_check() -> Checked:
    """What is known now; never fails, for it is a page's ornament."""
    try:
        kept, asked = redis_client().mget(_RESULT, _ASKED)
    except redis.RedisError:
        return Checked(None, 0, [], False)
    if kept is None:
        return Checked(None, 0, [], asked is not None)
    found = json.loads(kept)
    return Checked(datetime.fromisoformat(found["at"]), found["differences"], found["lines"], asked is not None)


def ask_check(*, rebuild: bool = False) -> None:
    """Compare again, by a job, which makes the counters again before when asked to; nothing more when one was asked for already."""
    if redis_client().set(_ASKED, "1", ex=_ASKED_SECONDS, nx=True):
        enqueue_after_commit(jobs.rebuild_counters if rebuild else jobs.check_counters)


def keep_check(found: Sequence[Difference]) -> None:
    """Remember what a comparison found."""
    result = {"at": clock.now().isoformat(), "differences": len(found), "lines": [_said(one) for one in found[:_KEPT]]}
    with redis_client().pipeline() as pipeline:
        pipeline.set(_RESULT, json.dumps(result))
        pipeline.delete(_ASKED)
        pipeline.execute()


def _said(one: Difference) -> str:
    who = " · ".join(value for value in (one.key.get("editor_id"), one.key.get("agent_id"), one.key["provider"], one.key["model"]) if value)
    amounts = ", ".join(f"{name} {counted} ≠ {logged}" for name, (counted, logged) in one.figures.items())
    return f"{one.day:%d/%m/%Y} · {who} : {amounts}"
