"""The queues as Redis has them now: how long, since when, and who works on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import redis

from app.core import clock
from app.core.jobs import QUEUES
from app.extensions import redis_client


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue: jobs that wait, for how many seconds the first of them has, and how many workers are alive for it."""

    name: str
    waiting: int
    oldest_seconds: int | None
    workers: int


def queue_states() -> list[QueueState] | None:
    """Every queue, in two round trips; None when Redis does not answer."""
    try:
        return _read(redis_client())
    except redis.RedisError:
        return None


def _read(connection: redis.Redis) -> list[QueueState]:
    with connection.pipeline(transaction=False) as pipeline:
        for name in QUEUES:
            pipeline.llen(f"rq:queue:{name}").lindex(f"rq:queue:{name}", 0).smembers(f"rq:workers:{name}")
        told = pipeline.execute()
    asked = [(told[place], told[place + 1], sorted(told[place + 2])) for place in range(0, len(told), 3)]
    with connection.pipeline(transaction=False) as pipeline:
        for _, first, workers in asked:
            pipeline.hget(f"rq:job:{first.decode() if first else ''}", "enqueued_at")
            # A worker's key dies with its heartbeat; the set of names outlives it.
            pipeline.exists(*workers or [""])
        more = pipeline.execute()
    return [
        QueueState(name, waiting, _age(more[2 * place]) if waiting else None, more[2 * place + 1])
        for place, (name, (waiting, _, _)) in enumerate(zip(QUEUES, asked, strict=True))
    ]


def _age(enqueued_at: bytes | None) -> int | None:
    if not enqueued_at:
        return None
    since = datetime.fromisoformat(enqueued_at.decode())
    return max(0, round((clock.now() - (since if since.tzinfo else since.replace(tzinfo=UTC))).total_seconds()))
