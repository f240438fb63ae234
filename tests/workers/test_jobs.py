"""Putting jobs in queues: names, delays, commits, and names that a dead job must not keep."""

from __future__ import annotations

import math
import time
from datetime import timedelta

import pytest
import redis
import structlog
from flask import Flask
from rq.job import Job, JobStatus
from rq.utils import now

from app.core import jobs
from app.core.acting import door
from app.core.jobs import MAX_RETRIES, SERIALIZER, SILENT_SECONDS, AppJob, RetryableError, enqueue, enqueue_after_commit, job
from app.core.transaction import transaction
from tests.workers import sample_jobs


def fetch(client: redis.Redis, job_id: str) -> Job:
    return Job.fetch(job_id, connection=client, serializer=SERIALIZER)


def test_a_job_waits_in_the_queue_it_declares(app: Flask, client: redis.Redis) -> None:
    assert enqueue(sample_jobs.wait, "a", 1) is True
    assert enqueue(sample_jobs.light, "a") is True
    assert enqueue(sample_jobs.compute, "a", 1) is True
    assert [client.llen(f"rq:queue:{name}") for name in ("chat", "light", "heavy")] == [1, 1, 1]
    made = fetch(client, client.lindex("rq:queue:chat", 0).decode())
    assert (made.func_name, made.args, made.timeout) == ("tests.workers.sample_jobs.wait", ["a", 1], 120)


def test_only_a_declared_function_is_a_job(app: Flask) -> None:
    with pytest.raises(TypeError, match="not declared"):
        enqueue(sample_jobs.note, "a", "b")


def test_only_identifiers_travel(app: Flask, client: redis.Redis) -> None:
    with pytest.raises(TypeError):
        enqueue(sample_jobs.light, object())  # type: ignore[arg-type]
    assert client.llen("rq:queue:light") == 0


def test_a_job_called_directly_runs_here(notes: object) -> None:
    with pytest.raises(ValueError, match="wrong"):
        sample_jobs.fail("here")


def test_the_request_travels_with_the_job(app: Flask, client: redis.Redis) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req_1"):
        enqueue(sample_jobs.light, "a", job_id="named")
    assert fetch(client, "named").meta == {"request_id": "req_1"}


def test_a_named_job_is_added_once(app: Flask, client: redis.Redis) -> None:
    assert [enqueue(sample_jobs.light, "a", job_id="one") for _ in range(5)] == [True, False, False, False, False]
    assert client.llen("rq:queue:light") == 1


def test_a_delayed_job_waits_aside(app: Flask, client: redis.Redis) -> None:
    enqueue(sample_jobs.light, "a", delay=30, job_id="later")
    assert client.llen("rq:queue:light") == 0
    assert fetch(client, "later").get_status() == JobStatus.SCHEDULED
    assert time.time() + 25 < client.zscore("rq:scheduled:light", "later") < time.time() + 35
    assert enqueue(sample_jobs.light, "a", delay=30, job_id="later") is False
    assert enqueue(sample_jobs.light, "a", delay=30) is True
    assert client.zcard("rq:scheduled:light") == 2


def _set(client: redis.Redis, job_id: str, **fields: str) -> None:
    client.hset(f"rq:job:{job_id}", mapping=fields)


def _ago(seconds: float) -> str:
    return (now() - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.parametrize(
    ("status", "since", "silent_for", "freed"),
    [
        ("started", "last_heartbeat", SILENT_SECONDS - 6, False),
        ("started", "last_heartbeat", SILENT_SECONDS + 6, True),
        ("queued", "enqueued_at", SILENT_SECONDS - 6, False),
        ("queued", "enqueued_at", SILENT_SECONDS + 6, True),
        ("failed", "ended_at", 0, True),
        ("stopped", "ended_at", 0, True),
    ],
)
def test_a_name_is_free_again_when_no_worker_has_the_job(
    app: Flask, client: redis.Redis, status: str, since: str, silent_for: int, freed: bool
) -> None:
    enqueue(sample_jobs.light, "a", job_id="one")
    client.delete("rq:queue:light")  # a worker took it
    _set(client, "one", status=status, **{since: _ago(silent_for)})
    assert enqueue(sample_jobs.light, "b", job_id="one") is freed
    if freed:
        assert fetch(client, "one").args == ["b"]
        assert client.lrange("rq:queue:light", 0, -1) == [b"one"]


def test_a_job_that_waits_long_keeps_its_name(app: Flask, client: redis.Redis) -> None:
    enqueue(sample_jobs.light, "a", job_id="one")
    _set(client, "one", enqueued_at=_ago(3600))
    assert enqueue(sample_jobs.light, "b", job_id="one") is False


def test_half_a_job_does_not_keep_a_name(app: Flask, client: redis.Redis) -> None:
    _set(client, "one", last_heartbeat=_ago(1))
    assert enqueue(sample_jobs.light, "a", job_id="one") is True
    assert client.llen("rq:queue:light") == 1


def test_enqueue_after_commit_needs_a_transaction(app: Flask) -> None:
    with pytest.raises(RuntimeError):
        enqueue_after_commit(sample_jobs.light, "a")


def test_enqueue_after_commit_waits_for_it(app: Flask, client: redis.Redis) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req_2"), transaction(door()):
        enqueue_after_commit(sample_jobs.light, "a", job_id="one")
        enqueue_after_commit(sample_jobs.light, "b", delay=60)
        assert client.keys("rq:job:*") == []
    assert client.llen("rq:queue:light") == 1
    assert client.zcard("rq:scheduled:light") == 1
    assert fetch(client, "one").meta == {"request_id": "req_2"}


def test_nothing_is_enqueued_by_a_transaction_undone(app: Flask, client: redis.Redis) -> None:
    with pytest.raises(ValueError), transaction(door()):
        enqueue_after_commit(sample_jobs.light, "a")
        raise ValueError
    with transaction(door()) as tx:
        enqueue_after_commit(sample_jobs.light, "a")
        tx.rollback_only = True
    assert client.keys("rq:job:*") == []


def test_a_redis_that_is_gone_does_not_undo_a_commit(app: Flask, server: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> bool:
        raise redis.ConnectionError

    monkeypatch.setattr(jobs, "_put", gone)
    with transaction(door()):
        enqueue_after_commit(sample_jobs.light, "a")


@job(queue="light")
def raises(after: float) -> None:
    raise RetryableError(after=after)


@pytest.mark.parametrize("after", [0, 0.2, 5, 90.5])
def test_a_retryable_error_asks_rq_for_another_try(app: Flask, client: redis.Redis, after: float) -> None:
    made = AppJob.create(raises, args=[after], connection=client, serializer=SERIALIZER)
    retry = made.perform()
    assert retry is not None
    assert (retry.max, retry.intervals) == (MAX_RETRIES, [math.ceil(after)])
