"""The concurrent worker, in processes of its own, on a Redis of its own."""

from __future__ import annotations

import signal
import time

import redis
from flask import Flask
from rq.job import Job, JobStatus

from app.core.jobs import SERIALIZER, enqueue
from app.core.streams import Hub
from app.extensions import connect_redis
from tests.workers import sample_jobs
from tests.workers.conftest import Notes, StartWorker, eventually
from tests.workers.redis_server import RedisServer

QUICK = {"HEARTBEAT_SECONDS": 0.3, "HEARTBEAT_TTL_SECONDS": 2, "MAINTENANCE_SECONDS": 1}


def fetch(client: redis.Redis, job_id: str) -> Job:
    return Job.fetch(job_id, connection=client, serializer=SERIALIZER)


def test_two_hundred_jobs_at_once_in_one_process(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    process = start_worker(slots=200)
    for number in range(200):
        enqueue(sample_jobs.wait, f"job{number}", 3000)
    eventually(lambda: notes.all("ended") == 200, 15)
    lines = [notes.lines(f"job{number}") for number in range(200)]
    assert max(float(started[1]) for started, _ in lines) < min(float(ended[1]) for _, ended in lines), "not all at the same time"
    assert {line[2] for pair in lines for line in pair} == {str(process.pid)}
    eventually(lambda: not client.keys("rq:job:*") and not client.keys("rq:execution*") and not client.zcard("rq:wip:chat"))


def test_a_job_is_taken_only_when_a_slot_is_free(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    start_worker(slots=5)
    for number in range(12):
        enqueue(sample_jobs.wait, f"job{number}", 2500)
    eventually(lambda: notes.all("started") == 5)
    time.sleep(0.3)
    assert notes.all("started") == 5
    assert client.llen("rq:queue:chat") == 7, "jobs that cannot run stay where another process finds them"
    start_worker(slots=10)
    eventually(lambda: notes.all("started") == 12, 2)
    eventually(lambda: notes.all("ended") == 12)


def test_chat_comes_before_light(app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    enqueue(sample_jobs.light, "light")
    for number in range(3):
        enqueue(sample_jobs.wait, f"chat{number}", 100)
    start_worker(slots=1)
    eventually(lambda: notes.words("light") == ["ended"])
    assert all(float(notes.lines(f"chat{number}")[0][1]) < float(notes.lines("light")[0][1]) for number in range(3))


def test_a_job_over_its_time_is_stopped_alone(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    start_worker()
    enqueue(sample_jobs.too_long, "long", job_id="long")
    enqueue(sample_jobs.wait, "other", 2500)
    eventually(lambda: fetch(client, "long").get_status() == JobStatus.FAILED, 3)
    eventually(lambda: notes.words("other") == ["started", "ended"])
    assert notes.words("long") == ["started"], "a job over its time is not tried again"


def test_a_failure_is_not_tried_again_and_hurts_nobody(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    start_worker()
    enqueue(sample_jobs.fail, "bad", job_id="bad")
    eventually(lambda: fetch(client, "bad").get_status() == JobStatus.FAILED)
    enqueue(sample_jobs.light, "good")
    eventually(lambda: notes.words("good") == ["ended"])
    assert notes.words("bad") == ["started"]
    assert client.llen("rq:queue:chat") == 0


def test_a_retryable_error_is_tried_again(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    start_worker()
    enqueue(sample_jobs.fail_then_succeed, "again", 3, 0)
    eventually(lambda: notes.words("again") == ["started"] * 4 + ["ended"])
    eventually(lambda: not client.keys("rq:job:*"))


def test_each_job_has_its_own_context(app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    import structlog

    for number in range(20):
        with structlog.contextvars.bound_contextvars(request_id=f"req_{number}"):
            enqueue(sample_jobs.context, f"job{number}")
    enqueue(sample_jobs.context, "alone")
    start_worker()
    eventually(lambda: len(notes.lines("alone")) == 1 and all(notes.lines(f"job{number}") for number in range(20)))
    for number in range(20):
        assert notes.words(f"job{number}") == [f"req_{number}|tests.workers.sample_jobs.context|small|None"]
    assert notes.words("alone") == ["None|tests.workers.sample_jobs.context|small|None"]


def test_sigterm_lets_running_jobs_end_and_takes_no_more(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    process = start_worker(slots=2)
    enqueue(sample_jobs.wait, "one", 1500)
    enqueue(sample_jobs.wait, "two", 2500)
    eventually(lambda: notes.all("started") == 2)
    process.send_signal(signal.SIGTERM)
    enqueue(sample_jobs.wait, "three", 10)
    assert process.wait(timeout=12) == 0
    assert notes.words("one") == notes.words("two") == ["started", "ended"]
    assert notes.words("three") == []
    assert client.llen("rq:queue:chat") == 1
    assert client.scard("rq:workers") == 0


def test_sigterm_puts_back_what_does_not_end_in_time(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    process = start_worker(drain_seconds=1)
    for number in range(20):
        enqueue(sample_jobs.wait, f"slow{number}", 60_000)
    eventually(lambda: notes.all("started") == 20)
    enqueue(sample_jobs.wait, "short", 300)
    eventually(lambda: notes.words("short") == ["started"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=12) == 0
    assert notes.words("short") == ["started", "ended"]
    assert notes.all("interrupted") == 20
    assert client.llen("rq:queue:chat") == 20
    assert client.zcard("rq:wip:chat") == 0
    start_worker()
    eventually(lambda: notes.all("started") == 41)
    assert notes.words("slow7") == ["started", "interrupted", "started"]


def test_a_second_sigterm_does_not_wait(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    process = start_worker(drain_seconds=60)
    enqueue(sample_jobs.wait, "slow", 30_000)
    eventually(lambda: notes.words("slow") == ["started"])
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=9) == 0
    assert client.llen("rq:queue:chat") == 1


def test_an_idle_worker_stops_at_once(app: Flask, start_worker: StartWorker) -> None:
    process = start_worker()
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=9) == 0
    assert time.monotonic() - started < 6


def test_heartbeats_of_worker_and_jobs(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    start_worker(**QUICK)
    for number in range(120):
        enqueue(sample_jobs.wait, f"job{number}", 7000, job_id=f"job{number}")
    eventually(lambda: notes.all("started") == 120)
    (worker_key,) = client.smembers("rq:workers")
    seen = client.hget(worker_key, "last_heartbeat")
    beats = {number: fetch(client, f"job{number}").last_heartbeat for number in range(120)}
    begun = time.time()

    def renewed() -> bool:
        scores = [score for _, score in client.zrange("rq:wip:chat", 0, -1, withscores=True)]
        return len(scores) == 120 and all(begun + QUICK["HEARTBEAT_TTL_SECONDS"] < score < time.time() + 4 for score in scores)

    eventually(renewed, 4)
    assert client.hget(worker_key, "last_heartbeat") > seen
    assert all(fetch(client, f"job{number}").last_heartbeat > beats[number] for number in range(120))
    eventually(lambda: notes.all("ended") == 120)
    time.sleep(0.7)
    assert client.keys("rq:job:*") == [], "a late heartbeat leaves no half job"


def test_kill_nine_leaves_the_jobs_to_another_worker(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    process = start_worker(**QUICK)
    for number in range(10):
        enqueue(sample_jobs.wait, f"job{number}", 1500)
    eventually(lambda: notes.all("started") == 10)
    process.kill()
    process.wait()
    start_worker(**QUICK)
    eventually(lambda: notes.all("ended") == 10, 15)
    assert notes.words("job3") == ["started", "started", "ended"]


def test_a_job_that_kills_every_worker_ends(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    enqueue(sample_jobs.wait, "deadly", 60_000, job_id="deadly")
    for death in range(1, 5):
        process = start_worker(wait=False, **QUICK)
        eventually(lambda death=death: len(notes.words("deadly")) == death, 20)
        process.kill()
        process.wait()
    start_worker(wait=False, **QUICK)
    eventually(lambda: fetch(client, "deadly").get_status() == JobStatus.FAILED, 15)
    assert notes.words("deadly") == ["started"] * 4


def test_a_worker_killed_while_cleaning_does_not_keep_its_lock(
    app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker
) -> None:
    enqueue(sample_jobs.wait, "lost", 60_000, job_id="lost")
    process = start_worker(wait=False, **QUICK)
    eventually(lambda: len(notes.words("lost")) == 1, 20)
    process.kill()
    process.wait()
    client.set("rq:clean_registries:chat", 1, ex=899)
    start_worker(wait=False, **QUICK)
    eventually(lambda: len(notes.words("lost")) == 2, 20)


def test_redis_comes_back_empty_in_mid_run(server: RedisServer, app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    process = start_worker(**QUICK)
    for number in range(30):
        enqueue(sample_jobs.stream, f"talk{number}", 200, 20)
    eventually(lambda: notes.all("started") == 30)
    time.sleep(1)
    server.stop()
    time.sleep(1.5)
    server.start()
    eventually(lambda: notes.all("ended") == 30, 15)
    assert process.poll() is None
    hub = Hub(connect_redis(server.url))
    for number in range(30):
        told = ""
        for item in hub.follow(f"stream:talk{number}", None, 5.0):
            assert item is not None, "the stream has no end"
            if item.name == "done":
                break
            told += item.data["text"]
        assert told == "".join(f"w{word} " for word in range(200))
    time.sleep(4)
    assert notes.all("started") == 30, "what ended while Redis was away does not run again"
    with server.client() as client:
        assert client.keys("rq:job:*") == []
        assert client.scard("rq:workers") == 1
    enqueue(sample_jobs.light, "after")
    eventually(lambda: notes.words("after") == ["ended"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=9) == 0


def test_jobs_end_while_redis_is_away(server: RedisServer, app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    process = start_worker()
    enqueue(sample_jobs.stream, "talk", 50, 20)
    eventually(lambda: notes.words("talk") == ["started"])
    server.stop()
    eventually(lambda: notes.words("talk") == ["started", "ended"])
    server.start()
    enqueue(sample_jobs.light, "after")
    eventually(lambda: notes.words("after") == ["ended"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=9) == 0
    items = list(item for item in _until_done(server, "stream:talk"))
    assert "".join(item.data["text"] for item in items) == "".join(f"w{word} " for word in range(50))


def test_a_worker_may_start_before_redis(server: RedisServer, app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    server.stop()
    start_worker(wait=False)
    time.sleep(3)
    server.start()
    enqueue(sample_jobs.light, "first")
    eventually(lambda: notes.words("first") == ["ended"])


def _until_done(server: RedisServer, stream: str):
    for item in Hub(connect_redis(server.url)).follow(stream, None, 3.0):
        assert item is not None, "the stream has no end"
        if item.name == "done":
            return
        yield item
