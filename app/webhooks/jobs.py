"""Jobs of webhooks."""

from __future__ import annotations

import time

from app.core.jobs import enqueue, job
from app.extensions import redis_client

ASKED = "webhooks:drain-asked"
ASKED_SECONDS = 5
"""How long one request stands for all; the schedule asks as often, should its job get lost."""
GATHER_SECONDS = 0.4
"""What is told meanwhile goes out with the same drain: a busy house would ask for one at each message."""
_asked_at = float("-inf")
"""When this process last had a drain queued: while that one still gathers, nobody has to be asked again."""


@job(queue="light", timeout=120)
def drain() -> None:
    """Turn new events into deliveries, and send what is due."""
    from app.webhooks.delivery import drain as run

    time.sleep(GATHER_SECONDS)
    redis_client().delete(ASKED)
    run()


def request_drain() -> None:
    """Ask for a drain; one that waits already will see the new events too.

    Whatever committed within `GATHER_SECONDS` of our own asking is read by the drain that we asked for: it begins to gather afterwards.
    """
    global _asked_at
    now = time.monotonic()
    if now < _asked_at + GATHER_SECONDS * 0.75:
        return
    if redis_client().set(ASKED, b"1", nx=True, ex=ASKED_SECONDS):
        enqueue(drain)
        _asked_at = now
