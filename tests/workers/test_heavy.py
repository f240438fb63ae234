"""The forking worker, in processes of its own, on a Redis of its own."""

from __future__ import annotations

import os
import signal
import time

import psutil
import redis
from flask import Flask
from rq.job import Job, JobStatus

from app.core.jobs import SERIALIZER, enqueue
from app.core.streams import Hub
from app.extensions import connect_redis
from tests.workers import sample_jobs
from tests.workers.conftest import Notes, StartWorker, eventually
from tests.workers.redis_server import RedisServer

QUICK = {"HEARTBEAT_SECONDS": 1, "HEARTBEAT_TTL_SECONDS": 3, "MAINTENANCE_SECONDS": 1}


def status(client: redis.Redis, job_id: str) -> JobStatus:
    return Job.fetch(job_id, connection=client, serializer=SERIALIZER).get_status()


def test_a_job_runs_in_a_process_of_its_own(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    process = start_worker("heavy")
    enqueue(sample_jobs.compute, "one", 50)
    enqueue(sample_jobs.compute, "two", 50)
    eventually(lambda: notes.all("ended") == 2)
    pids = {notes.lines(name)[0][2] for name in ("one", "two")}
    assert len(pids) == 2
    assert str(process.pid) not in pids
    eventually(lambda: not client.keys("rq:job:*") and not client.keys("rq:execution*"))


def test_an_event_of_a_process_about_to_end_is_not_lost(server: RedisServer, app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    start_worker("heavy")
    enqueue(sample_jobs.tell, "file")
    item = next(Hub(connect_redis(server.url)).follow("stream:file", None, 5.0))
    assert item is not None
    assert (item.name, item.data) == ("file.ready", {"name": "file"})


def test_a_job_over_its_time_is_stopped(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    start_worker("heavy")
    enqueue(sample_jobs.compute_too_long, "long", job_id="long")
    eventually(lambda: status(client, "long") == JobStatus.FAILED, 5)
    assert notes.words("long") == ["started"]


def test_a_killed_child_is_tried_again(app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    start_worker("heavy")
    enqueue(sample_jobs.compute, "job", 1000)
    eventually(lambda: notes.words("job") == ["started"])
    os.kill(int(notes.lines("job")[0][2]), signal.SIGKILL)
    eventually(lambda: notes.words("job") == ["started", "started", "ended"])


def test_sigterm_waits_for_the_job(app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    process = start_worker("heavy")
    enqueue(sample_jobs.compute, "job", 1500)
    eventually(lambda: notes.words("job") == ["started"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=12) == 0
    assert notes.words("job") == ["started", "ended"]


def test_sigterm_puts_a_long_job_back_and_leaves_no_process(
    app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker
) -> None:
    process = start_worker("heavy", drain_seconds=1)
    enqueue(sample_jobs.compute, "job", 60_000)
    eventually(lambda: notes.words("job") == ["started"])
    child = int(notes.lines("job")[0][2])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=12) == 0
    assert not psutil.pid_exists(child)
    assert client.llen("rq:queue:heavy") == 1


def test_an_idle_worker_stops_at_once(start_worker: StartWorker) -> None:
    process = start_worker("heavy")
    time.sleep(0.3)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=9) == 0
    assert time.monotonic() - started < 6


def test_kill_nine_leaves_the_job_to_another_worker(app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    process = start_worker("heavy", **QUICK)
    enqueue(sample_jobs.compute, "job", 3000)
    eventually(lambda: notes.words("job") == ["started"])
    os.kill(int(notes.lines("job")[0][2]), signal.SIGSTOP)
    process.kill()
    process.wait()
    os.kill(int(notes.lines("job")[0][2]), signal.SIGKILL)
    start_worker("heavy", **QUICK)
    eventually(lambda: notes.words("job") == ["started", "started", "ended"], 20)


def test_redis_comes_back_empty(server: RedisServer, app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    process = start_worker("heavy")
    enqueue(sample_jobs.compute, "during", 1500)
    eventually(lambda: notes.words("during") == ["started"])
    server.stop()
    time.sleep(1)
    server.start()
    eventually(lambda: notes.words("during") == ["started", "ended"])
    enqueue(sample_jobs.compute, "after", 10)
    eventually(lambda: notes.words("after") == ["started", "ended"])
    server.stop()
    time.sleep(1)
    server.start()
    enqueue(sample_jobs.compute, "later", 10)
    eventually(lambda: notes.words("later") == ["started", "ended"])
    assert notes.words("during") == ["started", "ended"]
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=9) == 0
