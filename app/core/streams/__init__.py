"""Live streams over Redis: what a worker says, read by the browsers that follow (PERFORMANCE.md, The design that gave it).

A stream is a list of events that lives for an hour. A publisher writes to many of them, a hub reads many of them; both
work alone in a thread of their process (a greenlet where gevent patched it), started at the first use so that it
belongs to the process that uses it, forked or not. Nothing here knows what the events mean, but that `done` and
`error` are a stream's last.
"""

from __future__ import annotations

import os

from flask import current_app

from app.core.streams.entries import StreamItem
from app.core.streams.hub import Hub
from app.core.streams.publisher import Publisher
from app.extensions import connect_redis, settings

__all__ = ["Hub", "Publisher", "StreamItem", "hub", "publisher"]


def publisher() -> Publisher:
    """The publisher of this process. Needs an application context."""
    made: dict[int, Publisher] = current_app.extensions.setdefault("publishers", {})
    pid = os.getpid()
    if pid not in made:
        made[pid] = Publisher(connect_redis(settings().redis_url))
    return made[pid]


def hub() -> Hub:
    """The hub of this process. Needs an application context; the iterator it gives does not."""
    made: dict[int, Hub] = current_app.extensions.setdefault("hubs", {})
    pid = os.getpid()
    if pid not in made:
        made[pid] = Hub(connect_redis(settings().redis_url))
    return made[pid]
