"""`python -m app.workers.scheduler`: puts periodic jobs, and delayed ones whose time has come, in their queues.

RQ's `CronScheduler` does neither: it ends when Redis goes away, and adds a job anew while the last still waits.
"""

from __future__ import annotations

import logging
import signal
import time
import uuid
from collections.abc import Sequence

import redis
import structlog
from rq.scheduler import RQScheduler
from rq.scripts import acquire_or_refresh_lock, release_lock

from app import create_app
from app.core.jobs import QUEUES, SERIALIZER, enqueue
from app.extensions import redis_client
from app.workers import load_rooms
from app.workers.base import LOST
from app.workers.schedule import SCHEDULE, Periodic

log = structlog.get_logger(__name__)

TICK_SECONDS = 1.0
LOCK = "scheduler:lock"
LOCK_SECONDS = 5
"""How long another scheduler waits for one that died."""


class Scheduler:
    """Of several running, one works and the others wait to take over."""

    def __init__(self, schedule: Sequence[Periodic], client: redis.Redis) -> None:
        self.schedule = schedule
        self.redis = client
        self.token = uuid.uuid4().hex
        self.due = dict.fromkeys(schedule, 0.0)
        self.stopping = False
        self._delayed = RQScheduler(QUEUES, connection=client, serializer=SERIALIZER, logging_level=logging.WARNING)
        self._delayed.prepare_registries(QUEUES)

    def run(self) -> None:
        """Look every second until stopped. A Redis that is gone is waited for, and found empty it is filled again."""
        lost = False
        while not self.stopping:
            time.sleep(TICK_SECONDS)
            try:
                self.tick()
                lost = False
            except LOST as error:
                if not lost:
                    log.warning("scheduler.redis_lost", error=type(error).__name__)
                lost = True
        try:
            release_lock(self.redis, LOCK, self.token)
        except LOST:
            log.info("scheduler.lock_left")

    def stop(self, *_: object) -> None:
        """End `run` within a second."""
        self.stopping = True

    def tick(self) -> None:
        """Put in the queues what is due."""
        if acquire_or_refresh_lock(self.redis, LOCK, self.token, LOCK_SECONDS) == "taken":
            return
        self._delayed.enqueue_scheduled_jobs()
        for periodic in self.schedule:
            moment = time.monotonic()
            if moment >= self.due[periodic]:
                enqueue(periodic.job, job_id=f"schedule-{periodic.name}")
                self.due[periodic] = moment + periodic.seconds


def main() -> None:
    """Schedule until SIGTERM."""
    app = create_app(doors=False)
    load_rooms()
    with app.app_context():
        scheduler = Scheduler(SCHEDULE, redis_client())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, scheduler.stop)
        log.info("scheduler.started", jobs=[periodic.name for periodic in SCHEDULE])
        scheduler.run()


if __name__ == "__main__":
    main()
