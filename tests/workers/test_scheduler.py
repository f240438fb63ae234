"""The scheduler: its rhythm, no job twice, delayed jobs, several of it, and a Redis that comes back empty."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from flask import Flask

from app.core.jobs import enqueue
from app.extensions import connect_redis
from app.workers import scheduler as scheduler_module
from app.workers.schedule import SCHEDULE, Periodic
from app.workers.scheduler import LOCK_SECONDS, Scheduler
from tests.workers import sample_jobs
from tests.workers.conftest import Notes, StartWorker, eventually
from tests.workers.redis_server import RedisServer

StartScheduler = Callable[..., Scheduler]


@pytest.fixture
def start_scheduler(server: RedisServer, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartScheduler]:
    """Start schedulers in threads, quicker than in life."""
    monkeypatch.setattr(scheduler_module, "TICK_SECONDS", 0.1)
    running: list[tuple[Scheduler, threading.Thread]] = []

    def start(seconds: int = 1) -> Scheduler:
        made = Scheduler((Periodic(seconds, sample_jobs.tick, "tick"),), connect_redis(server.url))

        def run() -> None:
            with app.app_context():
                made.run()

        thread = threading.Thread(target=run)
        thread.start()
        running.append((made, thread))
        return made

    yield start
    for made, thread in running:
        made.stop()
        thread.join()


def test_a_periodic_job_runs_at_its_rhythm(start_scheduler: StartScheduler, start_worker: StartWorker, notes: Notes) -> None:
    start_worker()
    start_scheduler()
    eventually(lambda: len(notes.lines("tick")) >= 4)
    moments = [float(line[1]) for line in notes.lines("tick")][:4]
    gaps = [later - earlier for earlier, later in zip(moments, moments[1:], strict=False)]
    assert all(0.7 < gap < 1.6 for gap in gaps), gaps


def test_a_job_that_still_waits_is_not_added_again(start_scheduler: StartScheduler, client: redis.Redis) -> None:
    start_scheduler()
    eventually(lambda: client.llen("rq:queue:light") == 1)
    time.sleep(3.5)
    assert client.llen("rq:queue:light") == 1


def test_redis_comes_back_empty(start_scheduler: StartScheduler, server: RedisServer) -> None:
    start_scheduler()
    with server.client() as client:
        eventually(lambda: client.llen("rq:queue:light") == 1)
    server.stop()
    time.sleep(1)
    server.start()
    with server.client() as client:
        eventually(lambda: client.llen("rq:queue:light") == 1, 4)
        time.sleep(1.5)
        assert client.llen("rq:queue:light") == 1


def test_a_delayed_job_and_a_retry_come_due(
    app: Flask, start_scheduler: StartScheduler, start_worker: StartWorker, notes: Notes, client: redis.Redis
) -> None:
    start_worker()
    start_scheduler(seconds=60)
    asked = time.time()
    enqueue(sample_jobs.light, "later", delay=2)
    enqueue(sample_jobs.fail_then_succeed, "again", 1, 2)
    eventually(lambda: notes.words("later") == ["ended"] and notes.words("again") == ["started", "started", "ended"])
    assert 1 <= float(notes.lines("later")[0][1]) - asked < 4
    assert 1 <= float(notes.lines("again")[1][1]) - asked < 4
    assert client.zcard("rq:scheduled:light") == client.zcard("rq:scheduled:chat") == 0


def test_of_two_schedulers_one_works_and_the_other_takes_over(
    start_scheduler: StartScheduler, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start_scheduler()
    eventually(lambda: client.get(scheduler_module.LOCK) == first.token.encode())
    second = start_scheduler()
    time.sleep(0.5)
    assert second.due == {periodic: 0.0 for periodic in second.schedule}
    first.stop()
    eventually(lambda: client.get(scheduler_module.LOCK) == second.token.encode(), 2)


def test_a_scheduler_that_died_is_replaced(start_scheduler: StartScheduler, client: redis.Redis) -> None:
    client.set(scheduler_module.LOCK, "dead", ex=LOCK_SECONDS)
    made = start_scheduler()
    eventually(lambda: client.get(scheduler_module.LOCK) == made.token.encode(), LOCK_SECONDS + 2)


def test_the_schedule_is_sound() -> None:
    names = [periodic.name for periodic in SCHEDULE]
    assert len(set(names)) == len(names)
    assert all(periodic.seconds >= 1 for periodic in SCHEDULE)
    assert all(name.replace("-", "").isalnum() for name in names), "RQ takes letters, digits, dashes and underscores"
