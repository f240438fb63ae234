"""Many jobs at once in one process: an RQ worker whose jobs are greenlets (PERFORMANCE.md, The design that gave it).

Made for jobs that wait for others, such as replies that wait for a model: a job that computes holds up all the others
and belongs on the queue `heavy`. Needs a process patched by gevent before its first import.

What differs from RQ's `SimpleWorker`:
- a job runs on a shallow copy of the worker, whose only state of its own is `execution`;
- a free slot is waited for before a job is taken, so that what cannot run stays in Redis for another process;
- time limits are gevent timeouts, since SIGALRM is one per process;
- the heartbeats of the worker and of all its jobs are one greenlet's;
- SIGTERM takes no more jobs and lets the running ones end; those still there when the time is over, or at a second signal,
  go back to the front of their queue;
- Redis may go away and come back: running jobs go on, and the loop takes up again.
"""

from __future__ import annotations

import copy
import signal
import time

import gevent
import redis
import structlog
from flask import Flask
from gevent.event import Event
from gevent.pool import Pool
from rq import Queue, SimpleWorker
from rq.exceptions import NoSuchJobError
from rq.executions import Execution
from rq.job import Job
from rq.timeouts import BaseDeathPenalty
from rq.utils import now

from app.core.jobs import HEARTBEAT_SECONDS, HEARTBEAT_TTL_SECONDS, JobInterrupted
from app.core.streams import publisher
from app.workers.base import DRAIN_SECONDS, LOST, MAINTENANCE_SECONDS, AppWorker

log = structlog.get_logger(__name__)

DEQUEUE_SECONDS = 1
RETRY_SECONDS = 0.5
BEAT_CHUNK = 50
"""Jobs per pipeline of heartbeats: a larger one would hold up the tokens of the others."""
UNWIND_SECONDS = 5
"""How long interrupted jobs have to roll back and return to their queue."""


class GreenletDeathPenalty(BaseDeathPenalty):
    """A job's time limit: raises in its greenlet, and in no other."""

    _timer: gevent.Timeout | None = None

    def setup_death_penalty(self) -> None:
        """Start the clock, unless the limit is -1 (none)."""
        if self._timeout > 0:
            self._timer = gevent.Timeout.start_new(self._timeout, self._exception(f"stopped after {self._timeout} seconds"))

    def cancel_death_penalty(self) -> None:
        """Stop the clock."""
        if self._timer:
            self._timer.close()


class ConcurrentWorker(AppWorker, SimpleWorker):
    """Runs up to `slots` jobs at once, each in a greenlet and an application context of its own."""

    death_penalty_class = GreenletDeathPenalty

    def __init__(self, app: Flask, queues: list[str], connection: redis.Redis, *, slots: int, drain_seconds: float = DRAIN_SECONDS) -> None:
        super().__init__(app, queues, connection)
        self.drain_seconds = drain_seconds
        self.pool = Pool(slots)
        self.running: dict[gevent.Greenlet, tuple[ConcurrentWorker, Job]] = {}
        self.stopping = Event()
        self.hurried = Event()

    def work(self) -> None:  # type: ignore[override]
        """Take jobs and run them until SIGTERM or SIGINT, then drain. Neither Redis nor a job ends it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, self.stop)
        beater = gevent.spawn(self._beat)
        log.info("worker.started", worker=self.name, queues=self.queue_names(), slots=self.pool.size)
        while not self.stopping.is_set():
            if self.pool.wait_available(timeout=DEQUEUE_SECONDS):
                self._take()
        self._drain()
        beater.kill()
        self._sign_off()

    def stop(self) -> None:
        """Take no more jobs and let the running ones end; a second call does not wait for them."""
        if self.stopping.is_set():
            self.hurried.set()
        self.stopping.set()

    def _take(self) -> None:
        """Wait a second for a job and start it. A slot is free when this is called."""
        try:
            found = self.connection.blpop(self.queue_keys(), timeout=DEQUEUE_SECONDS)
        except LOST as error:
            log.warning("worker.redis_lost", error=type(error).__name__)
            gevent.sleep(RETRY_SECONDS)
            return
        if found is None:
            return
        key, job_id = found[0].decode(), found[1].decode()
        queue = next(queue for queue in self.queues if queue.key == key)
        self.pool.spawn(self._run, queue, job_id)

    def _run(self, queue: Queue, job_id: str) -> None:
        try:
            job = self.job_class.fetch(job_id, connection=self.connection, serializer=self.serializer)
            slot = copy.copy(self)
            self.running[gevent.getcurrent()] = (slot, job)
            slot.perform_job(job, queue)
        except NoSuchJobError:
            log.info("worker.job_gone", job_id=job_id)
        except LOST as error:
            # The job itself never raises here: only what RQ writes before and after it. The sweeper sees by its row what is left to do.
            log.warning("worker.bookkeeping_lost", job_id=job_id, error=type(error).__name__)
        finally:
            self.running.pop(gevent.getcurrent(), None)

    def prepare_job_execution(self, job: Job, remove_from_intermediate_queue: bool = False) -> None:
        """Note the execution and the job's new state, in one round trip (RQ's: two, and the worker's own state)."""
        with self.connection.pipeline() as pipeline:
            self.execution = Execution.create(job, HEARTBEAT_TTL_SECONDS, pipeline=pipeline, worker_name=self.name)
            job.prepare_for_execution(self.name, pipeline=pipeline)
            pipeline.execute()

    def _drain(self) -> None:
        log.info("worker.draining", jobs=len(self.pool))
        gevent.wait([gevent.spawn(self.pool.join), self.hurried], timeout=self.drain_seconds, count=1)
        if self.pool:
            log.warning("worker.interrupting", jobs=len(self.pool))
            self.pool.kill(JobInterrupted, timeout=UNWIND_SECONDS)

    def _sign_off(self) -> None:
        with self.app.app_context():
            told = publisher().flush(UNWIND_SECONDS)
        try:
            self.register_death()
        except LOST:
            log.info("worker.death_unregistered")
        log.info("worker.stopped", worker=self.name, streams_told=told)

    def _beat(self) -> None:
        """Say every few seconds that this worker and its jobs live; look now and then for jobs whose worker died."""
        maintained = 0.0
        while True:
            try:
                self._beat_for_worker()
                jobs = list(self.running.values())
                for start in range(0, len(jobs), BEAT_CHUNK):
                    self._beat_for_jobs(jobs[start : start + BEAT_CHUNK])
                if time.monotonic() - maintained > MAINTENANCE_SECONDS:
                    self.clean_registries()
                    maintained = time.monotonic()
            except LOST as error:
                log.warning("worker.heartbeat_lost", error=type(error).__name__)
            gevent.sleep(HEARTBEAT_SECONDS)

    def _beat_for_worker(self) -> None:
        if not self.connection.hexists(self.key, "birth"):  # the first time, and when Redis came back empty
            self.connection.delete(self.key)
            self.register_birth()
        self.heartbeat()

    def _beat_for_jobs(self, jobs: list[tuple[ConcurrentWorker, Job]]) -> None:
        """Only for jobs that Redis still knows: a heartbeat by itself would make half a job."""
        with self.connection.pipeline(transaction=False) as pipeline:
            for _, job in jobs:
                pipeline.exists(job.key)
            there = pipeline.execute()
            known = [(slot.execution, job) for (slot, job), exists in zip(jobs, there, strict=True) if exists and slot.execution]
            for _, job in known:
                job.heartbeat(now(), HEARTBEAT_TTL_SECONDS, pipeline=pipeline)
            for execution, job in known:
                execution.heartbeat(job.started_job_registry, HEARTBEAT_TTL_SECONDS, pipeline=pipeline)
            answers = pipeline.execute()
            ended_meanwhile = [job.key for (_, job), made in zip(known, answers, strict=False) if made]
            if ended_meanwhile:
                self.connection.delete(*ended_meanwhile)
