"""Background jobs on RQ: how one is declared, put in a queue and tried again.

A job is a function marked with `@job`; it takes identifiers (what JSON can carry), finds its rows and calls a verb. Its
state is a row claimed by an UPDATE (ARCHITECTURE.md, A job), so running one twice does no harm: a job whose worker died
runs again. Only a `RetryableError` asks for another try after a failure; any other exception ends the job.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, ParamSpec, get_args

import structlog
from rq import Queue
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job, JobStatus, Retry
from rq.utils import now

from app.core.transaction import after_commit
from app.extensions import redis_client

log = structlog.get_logger(__name__)
P = ParamSpec("P")

QueueName = Literal["chat", "light", "heavy"]
QUEUES: tuple[QueueName, ...] = get_args(QueueName)
SERIALIZER = "json"  # identifiers only; and nobody who can write to Redis can make a worker unpickle anything

HEARTBEAT_SECONDS = 5
"""How often a worker says which jobs it runs."""
HEARTBEAT_TTL_SECONDS = 45
"""How long after the last heartbeat RQ takes a job from a dead worker and queues it again."""
SILENT_SECONDS = 12
"""How long a job with an id of its own may be silent before another may take its place."""
FAILURE_TTL_SECONDS = 24 * 3600
LOST_WORKERS = 3
"""How many times a job outlives its worker. One that kills every worker must end."""
MAX_RETRIES = 50
"""A guard against endless retries; the verbs that raise RetryableError count for themselves."""


class RetryableError(Exception):
    """The work could not be done now; try again in `after` seconds (rounded up; the scheduler looks every second)."""

    def __init__(self, message: str = "", *, after: float = 0) -> None:
        super().__init__(message)
        self.after = after


class JobInterrupted(BaseException):
    """Raised inside a running job whose worker must stop: the job goes back to its queue.

    Not an `Exception`, so that no handler mistakes it for a failure of the work. Catch it only to release a claim, and let it go on.
    """


@dataclass(frozen=True, slots=True)
class JobSpec:
    """Where a job waits and how long it may run, in seconds."""

    queue: QueueName
    timeout: int


_specs: dict[Callable[..., object], JobSpec] = {}


def job(*, queue: QueueName, timeout: int = 180) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Declare a module-level function as a job of `queue`, stopped after `timeout` seconds. Calling it directly runs it here and now."""

    def declare(function: Callable[P, None]) -> Callable[P, None]:
        _specs[function] = JobSpec(queue, timeout)
        return function

    return declare


def enqueue(function: Callable[..., None], *args: str | int | None, delay: float | None = None, job_id: str | None = None) -> bool:
    """Put a job in its queue, now or in `delay` seconds.

    `job_id` (letters, digits, dashes, underscores) names it: while a job of that name waits or runs, nothing is added and the answer is False.
    Raises TypeError for a function that is no job, redis.RedisError when Redis cannot be reached.
    """
    spec = _specs.get(function)
    if spec is None:
        raise TypeError(f"{function.__module__}.{function.__qualname__} is not declared with @job")
    queue = Queue(spec.queue, connection=redis_client(), job_class=AppJob, serializer=SERIALIZER)
    try:
        _put(queue, spec, function, args, delay, job_id)
    except DuplicateJobError:
        if job_id is None or not _give_way(queue, job_id):
            return False
        _put(queue, spec, function, args, delay, job_id)
    return True


def enqueue_after_commit(
    function: Callable[..., None], *args: str | int | None, delay: float | None = None, job_id: str | None = None
) -> None:
    """`enqueue` once the open transaction has committed. Raises RuntimeError outside of one."""
    after_commit(lambda: enqueue(function, *args, delay=delay, job_id=job_id))


def _put(
    queue: Queue, spec: JobSpec, function: Callable[..., None], args: tuple[str | int | None, ...], delay: float | None, job_id: str | None
) -> None:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    made = queue.create_job(
        function,
        args=args,
        timeout=spec.timeout,
        result_ttl=0,
        failure_ttl=FAILURE_TTL_SECONDS,
        job_id=job_id,
        meta={"request_id": request_id} if request_id else None,
        retry=Retry(max=LOST_WORKERS, enqueue_at_front=True),
    )
    if delay:
        queue.schedule_job(made, now() + timedelta(seconds=delay), unique=job_id is not None)
    elif job_id is not None:
        queue.enqueue_job(made, unique=True)
    else:
        with queue.connection.pipeline() as pipeline:  # RQ's own would be two round trips
            queue.enqueue_job(made, pipeline=pipeline)
            pipeline.execute()


def _give_way(queue: Queue, job_id: str) -> bool:
    """Remove the job that bears this name if it ended, or if no worker has it: then its name is free."""
    try:
        bearer = AppJob.fetch(job_id, connection=queue.connection, serializer=SERIALIZER)
    except NoSuchJobError:
        queue.connection.delete(AppJob.key_for(job_id))
        return True
    status = bearer.get_status(refresh=False)
    if status == JobStatus.STARTED:
        alive = bearer.last_heartbeat is not None and bearer.last_heartbeat > now() - timedelta(seconds=SILENT_SECONDS)
    elif status == JobStatus.QUEUED:
        recent = bearer.enqueued_at is not None and bearer.enqueued_at > now() - timedelta(seconds=SILENT_SECONDS)
        alive = recent or queue.get_job_position(job_id) is not None
    else:
        alive = status == JobStatus.SCHEDULED
    if alive:
        return False
    log.warning("job.replaced", job=bearer.func_name, job_id=job_id, status=status.value)
    bearer.delete()
    return True


class AppJob(Job):
    """A job as our workers run it: what ended it decides whether it runs again."""

    def perform(self) -> Retry | None:
        """Run the function. A RetryableError becomes RQ's `Retry`; another exception leaves no retry; an interruption keeps them."""
        try:
            super().perform()
        except RetryableError as error:
            log.info("job.retry", after=error.after, reason=type(error.__cause__ or error).__name__)
            return Retry(max=MAX_RETRIES, interval=math.ceil(error.after))
        except Exception:
            self.retries_left = 0
            raise
        return None
