"""What our two kinds of RQ worker share: the application context, the log, and a short way with Redis."""

from __future__ import annotations

import os
import socket
from types import TracebackType

import redis
import structlog
from flask import Flask
from redis.client import Pipeline
from rq import Queue
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.utils import now
from rq.worker import BaseWorker

from app.core.jobs import HEARTBEAT_SECONDS, HEARTBEAT_TTL_SECONDS, SERIALIZER, AppJob, JobInterrupted

log = structlog.get_logger(__name__)

LOST = (redis.RedisError, OSError)
"""What a Redis that is gone, starting or refusing makes clients raise."""
MAINTENANCE_SECONDS = 30
LOCK_SECONDS = 899
"""What RQ gives the lock of a cleaning (`Queue.acquire_maintenance_lock`)."""
CLEANING_SECONDS = 5
"""Longer than a cleaning takes."""
DRAIN_SECONDS = 20
"""How long running jobs may go on after SIGTERM. Whoever sends it waits longer than this before killing."""


class AppWorker(BaseWorker):
    """Runs jobs in an application context. Mixed in before one of RQ's workers."""

    job_class = AppJob
    max_connection_wait_time = 2.0

    def __init__(self, app: Flask, queues: list[str], connection: redis.Redis) -> None:
        super().__init__(
            queues,
            connection=connection,
            serializer=SERIALIZER,
            worker_ttl=20,  # an idle RQ worker waits 15 s less than this for a job, and does its maintenance between two waits
            job_monitoring_interval=HEARTBEAT_SECONDS,
            maintenance_interval=MAINTENANCE_SECONDS,
            log_job_description=False,
            prepare_for_work=False,  # it asks Redis for this process's address, so that no worker starts while Redis is away
        )
        self.hostname, self.pid = socket.gethostname(), os.getpid()
        self.app = app

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """RQ's, within the application and with the request that asked for the job in each line of the log."""
        bound = {"job": (job.description or "").partition("(")[0], "job_id": job.id}
        if request_id := job.meta.get("request_id"):
            bound["request_id"] = request_id
        with self.app.app_context(), structlog.contextvars.bound_contextvars(**bound):
            return super().perform_job(job, queue)

    def clean_registries(self) -> None:
        """RQ's. Its lock lives a quarter of an hour: one that is older than any cleaning was left by a worker killed meanwhile."""
        for queue in self.queues:
            left = self.connection.ttl(queue.registry_cleaning_key)
            if 0 <= left < LOCK_SECONDS - CLEANING_SECONDS:
                self.connection.delete(queue.registry_cleaning_key)
        super().clean_registries()

    def handle_execution_ended(self, job: Job, queue: Queue, heartbeat_ttl: int) -> None:
        """Note the time. RQ's also writes a last heartbeat, which in a Redis that came back empty makes half a job."""
        job.ended_at = now()

    def handle_job_success(self, job: Job, queue: Queue, started_job_registry: StartedJobRegistry) -> None:
        """Remove the job. RQ's takes ten round trips for results and dependents, which ours have not, and fails, so that
        the job runs twice, when Redis lost it meanwhile."""
        log.info("job.done", seconds=round((now() - (job.started_at or now())).total_seconds(), 3))
        try:
            with self.connection.pipeline() as pipeline:
                self.cleanup_execution(job, pipeline=pipeline)
                pipeline.delete(job.key, job.execution_registry.key)
                pipeline.execute()
        except LOST as error:
            log.warning("worker.bookkeeping_lost", error=type(error).__name__)

    def handle_exception(self, job: Job, *exc_info: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Log what ended a job."""
        if isinstance(exc_info[1], JobInterrupted):
            log.info("job.interrupted")
        else:
            log.error("job.failed", exc_info=exc_info)

    def get_heartbeat_ttl(self, job: Job) -> int:
        """How long a job outlives the last heartbeat of its worker before it is queued again, in seconds."""
        return HEARTBEAT_TTL_SECONDS

    def set_current_job_working_time(self, current_job_working_time: float, pipeline: Pipeline | None = None) -> None:
        """Keep to oneself what only RQ's dashboard reads."""
        self.current_job_working_time = current_job_working_time

    def set_shutdown_requested_date(self) -> None:
        """Leave out what only RQ's dashboard reads: this runs in a signal handler, where a Redis that is gone must not raise."""

    def subscribe(self) -> None:
        """Leave out RQ's remote commands: nobody sends any."""

    def unsubscribe(self) -> None:
        """Nothing to leave."""
