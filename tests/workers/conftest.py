"""A private Redis, an application on it, and worker processes, all stopped at the end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from flask import Flask

from tests.workers.redis_server import RedisServer
from tests.workers.small_app import small_app

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A Redis this test may stop and start."""
    made = RedisServer()
    made.start()
    yield made
    made.remove()


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with server.client() as made:
        yield made


@pytest.fixture
def app(server: RedisServer) -> Iterator[Flask]:
    """An application context on the private Redis, to enqueue from."""
    made = small_app(server.url)
    with made.app_context():
        yield made
    made.extensions["redis"].connection_pool.disconnect()


@dataclass
class Notes:
    """What the sample jobs wrote down."""

    folder: Path

    def lines(self, name: str) -> list[list[str]]:
        """The words of each line of one job."""
        file = self.folder / name
        return [line.rsplit(" ", 2) for line in file.read_text().splitlines()] if file.exists() else []

    def words(self, name: str) -> list[str]:
        """What one job did, in order."""
        return [line[0] for line in self.lines(name)]

    def all(self, what: str) -> int:
        """How many lines of all jobs say `what`."""
        return sum(self.words(file.name).count(what) for file in self.folder.iterdir())


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notes:
    monkeypatch.setenv("SAMPLE_JOBS_DIR", str(tmp_path))
    return Notes(tmp_path)


StartWorker = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start_worker(server: RedisServer, notes: Notes) -> Iterator[StartWorker]:
    """Start a worker process and wait until Redis knows it; options as in `worker_process`."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        kind: str = "chat",
        *,
        processes: int = 1,
        timing: dict[str, float] | None = None,
        slots: int = 200,
        drain_seconds: float = 10,
        wait: bool = True,
        **constants: float,
    ) -> subprocess.Popen[bytes]:
        options = {"kind": kind, "processes": processes, "redis_url": server.url, "slots": slots, "timing": timing or {}}
        options |= {"drain_seconds": drain_seconds, "constants": constants}
        with server.client() as client:
            before = client.smembers("rq:workers") if wait else set()
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.workers.worker_process", json.dumps(options)],
                cwd=ROOT,
            )
            started.append(process)
            if wait:
                # By name: meanwhile the newcomer may clear away one that was killed.
                eventually(lambda: process.poll() is not None or len(client.smembers("rq:workers") - before) >= processes, 20)
                assert process.poll() is None, "the worker did not start"
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def eventually(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)
