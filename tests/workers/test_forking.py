"""Workers below a parent, in processes of their own, on a Redis of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import redis
from flask import Flask

from app.config import SettingsError, load_settings
from app.core.jobs import enqueue
from tests.workers import sample_jobs
from tests.workers.conftest import ROOT, Notes, StartWorker, eventually
from tests.workers.redis_server import RedisServer
from tests.workers.test_concurrent import QUICK

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="relies on prctl, which only Linux has")


def children(parent: subprocess.Popen[bytes]) -> set[int]:
    """The processes of its workers that live."""
    found = psutil.Process(parent.pid).children(recursive=True)
    return {child.pid for child in found if child.is_running() and child.status() != psutil.STATUS_ZOMBIE}


def workers(client: redis.Redis) -> set[int]:
    """The processes whose workers Redis knows."""
    return {int(pid) for key in client.smembers("rq:workers") if (pid := client.hget(key, "pid"))}


def pid_of(notes: Notes, name: str, line: int = 0) -> int:
    return int(notes.lines(name)[line][2])


def test_jobs_run_in_each_worker_and_none_in_the_parent(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    parent = start_worker(processes=3, slots=2)
    assert len(children(parent)) == 3
    assert workers(client) == children(parent)
    for number in range(6):
        enqueue(sample_jobs.wait, f"job{number}", 1500)
    eventually(lambda: notes.all("ended") == 6)
    seats = [pid_of(notes, f"job{number}") for number in range(6)]
    assert set(seats) == children(parent)
    assert all(seats.count(pid) == 2 for pid in seats), "a worker's slots are its own"
    eventually(lambda: not client.keys("rq:job:*") and not client.keys("rq:execution*"))


def test_streams_of_each_worker(app: Flask, client: redis.Redis, start_worker: StartWorker) -> None:
    start_worker(processes=2, slots=1)
    for number in range(2):
        enqueue(sample_jobs.stream, f"job{number}", 20, 20)
    for number in range(2):
        eventually(lambda number=number: any(fields[b"n"] == b"done" for _, fields in client.xrange(f"stream:job{number}")))


def test_a_killed_worker_is_replaced_and_the_other_goes_on(
    app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker
) -> None:
    parent = start_worker(processes=2, slots=1, **QUICK)
    for number in range(2):
        enqueue(sample_jobs.wait, f"job{number}", 2000)
    eventually(lambda: notes.all("started") == 2)
    killed, other = pid_of(notes, "job0"), pid_of(notes, "job1")
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: len(children(parent) - {killed}) == 2, 2)
    eventually(lambda: len(workers(client) - {killed}) == 2)
    assert other in children(parent)
    eventually(lambda: notes.words("job0") == ["started", "started", "ended"], 15)
    assert notes.words("job1") == ["started", "ended"]
    assert pid_of(notes, "job1", 1) == other
    assert parent.poll() is None


def test_a_worker_stopped_by_hand_drains_and_is_replaced(app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    parent = start_worker(processes=2, slots=1)
    enqueue(sample_jobs.wait, "job", 1500)
    eventually(lambda: notes.words("job") == ["started"])
    stopped = pid_of(notes, "job")
    os.kill(stopped, signal.SIGTERM)
    eventually(lambda: notes.words("job") == ["started", "ended"])
    eventually(lambda: len(children(parent)) == 2 and stopped not in children(parent))


def test_sigterm_lets_the_jobs_of_all_workers_end(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    parent = start_worker(processes=2, slots=1)
    for number in range(2):
        enqueue(sample_jobs.wait, f"job{number}", 2000)
    eventually(lambda: notes.all("started") == 2)
    seats = children(parent)
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(timeout=9) == 0
    assert notes.all("ended") == 2
    assert not client.scard("rq:workers")
    assert not any(psutil.pid_exists(pid) for pid in seats)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_counts_once(app: Flask, notes: Notes, start_worker: StartWorker, number: signal.Signals) -> None:
    """Ctrl-C in a terminal, and systemd: the workers get it, and again from their parent."""
    parent = start_worker(processes=2, slots=1)
    enqueue(sample_jobs.wait, "job", 2500)
    eventually(lambda: notes.words("job") == ["started"])
    for pid in [*children(parent), parent.pid]:
        os.kill(pid, number)
    assert parent.wait(timeout=9) == 0
    assert notes.words("job") == ["started", "ended"]


def test_a_second_sigterm_does_not_wait(app: Flask, client: redis.Redis, notes: Notes, start_worker: StartWorker) -> None:
    parent = start_worker(processes=2, slots=1, drain_seconds=60)
    for number in range(2):
        enqueue(sample_jobs.wait, f"slow{number}", 30_000)
    eventually(lambda: notes.all("started") == 2)
    parent.send_signal(signal.SIGTERM)
    time.sleep(0.7)
    assert parent.poll() is None
    assert len(children(parent)) == 2
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(timeout=9) == 0
    assert notes.all("interrupted") == 2
    assert client.llen("rq:queue:chat") == 2


def test_a_worker_that_does_not_stop_is_ended(app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    parent = start_worker(processes=2, slots=1, timing={"patience": 1.5})
    enqueue(sample_jobs.stuck, "job")
    eventually(lambda: notes.words("job") == ["started"])
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(timeout=9) == 0
    assert not psutil.pid_exists(pid_of(notes, "job"))


def test_kill_nine_of_the_parent_leaves_no_worker(app: Flask, notes: Notes, start_worker: StartWorker) -> None:
    parent = start_worker(processes=3, slots=1)
    enqueue(sample_jobs.stuck, "stuck")
    enqueue(sample_jobs.wait, "slow", 30_000)
    eventually(lambda: notes.all("started") == 2)
    seats = children(parent)
    assert len(seats) == 3
    parent.kill()
    parent.wait()
    eventually(lambda: not any(alive(pid) for pid in seats), 3)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_workers_that_cannot_start_end_the_parent(start_worker: StartWorker, capfd: pytest.CaptureFixture[str]) -> None:
    parent = start_worker("fallen", processes=2, wait=False, timing={"first_pause": 0.05, "longest_pause": 0.2})
    assert parent.wait(timeout=30) == 1
    log = capfd.readouterr().err
    assert "workers.cannot_start" in log
    assert 10 <= log.count("workers.one_ended") <= 12, "five ends of each, with a pause between them"


def test_as_it_is_started_in_life(server: RedisServer, client: redis.Redis, app: Flask, notes: Notes, tmp_path: Path) -> None:
    """Everything is loaded in the parent; nothing is connected or started there; its pages are its workers' too."""
    env = {
        "PATH": os.environ["PATH"],
        "APP_ENV": "test",
        "SECRET_KEY": "test",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": server.url,
        "DATA_DIR": str(tmp_path),
        "SAMPLE_JOBS_DIR": str(tmp_path),
        "AI_BASE_URL": "http://127.0.0.1:1/v1",
        "AI_MODEL": "none",
        "CHAT_WORKER_PROCESSES": "2",
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "app.workers.chat"], cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        eventually(lambda: process.poll() is not None or client.scard("rq:workers:chat") == 2, 30)
        assert process.poll() is None, (tmp_path / "log").read_text()
        parent = psutil.Process(process.pid)
        assert parent.num_threads() == 1
        assert not parent.net_connections()
        for child in parent.children():
            memory = child.memory_full_info()
            assert memory.uss < memory.rss / 3, "its parent's pages were copied"
        assert {child.name() for child in parent.children()} == {"chat-1", "chat-2"}
        first, second = ({found.laddr.port for found in child.net_connections()} for child in parent.children())
        assert first and not first & second, "a connection was made before the fork"
        enqueue(sample_jobs.light, "light")
        eventually(lambda: notes.words("light") == ["ended"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert not client.exists("rq:workers:chat")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.parametrize("value", ["0", "-1", "two"])
def test_a_bad_number_of_processes_is_refused_by_its_name(value: str) -> None:
    env = {"SECRET_KEY": "test", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    with pytest.raises(SettingsError, match="CHAT_WORKER_PROCESSES"):
        load_settings(env | {"CHAT_WORKER_PROCESSES": value})
    assert load_settings(env).chat_worker_processes == 1
