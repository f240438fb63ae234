"""`python -m app.workers.heavy`: jobs that compute (PDF, images, documents, imports), one at a time, each in a forked process."""

from __future__ import annotations

import importlib
import logging
import threading
import time

import structlog
from flask import Flask
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.job import Job

from app import create_app
from app.core.streams import publisher
from app.extensions import connect_redis, db
from app.workers import load_rooms
from app.workers.base import DRAIN_SECONDS, LOST, AppWorker

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1
TELL_SECONDS = 5


class HeavyWorker(AppWorker, Worker):
    """RQ's forking worker: what a job loads or leaks ends with its process."""

    drain_seconds = DRAIN_SECONDS

    @property
    def stopped(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._shutdown_requested_date is not None

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """In the forked process: with database connections of its own, and not ending before its events are in Redis."""
        with self.app.app_context():
            db.engine.dispose(close=False)
            done = super().perform_job(job, queue)
            publisher().flush(TELL_SECONDS)
        return done

    def handle_warm_shutdown_request(self) -> None:
        """Give the running job its time, then end it: RQ puts it back in the queue."""
        log.info("worker.draining", busy=bool(self.horse_pid))
        timer = threading.Timer(self.drain_seconds, self._end_horse)
        timer.daemon = True
        timer.start()

    def _end_horse(self) -> None:
        if self.horse_pid:
            self.kill_horse()


def run(app: Flask) -> None:
    """Work until SIGTERM, with a new worker whenever the last one gave up because Redis was lost."""
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    while True:
        worker = HeavyWorker(app, ["heavy"], connect_redis(app.config["SETTINGS"].redis_url))
        try:
            worker.work(logging_level="WARNING")
        except StopRequested:
            return
        except LOST as error:
            log.warning("worker.redis_lost", error=type(error).__name__)
        if worker.stopped:
            return
        time.sleep(RETRY_SECONDS)


def main() -> None:
    """Work with the whole application imported, so that no job waits for it."""
    app = create_app(doors=False)
    load_rooms()
    importlib.import_module("app.files.images")
    run(app)


if __name__ == "__main__":
    main()
