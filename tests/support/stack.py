"""The product as it runs: web, chat worker, heavy worker and scheduler as real processes on a committed database with the demo."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.conftest import worker_number
from tests.support.databases import admin_url

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "web": ["-m", "gunicorn", "-k", "gevent", "-w", "1", "--worker-connections", "1000", "wsgi:app"],
    "chat": ["-m", "app.workers.chat"],
    "heavy": ["-m", "app.workers.heavy"],
    "scheduler": ["-m", "app.workers.scheduler"],
}


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], object], *, seconds: float = 20.0, what: str = "condition") -> Any:
    """The first true value of `condition`, asked every 50 ms. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.05)


@dataclass
class Stack:
    """Running processes. `env` is what they were started with."""

    env: dict[str, str]
    logs: Path
    base_url: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    demo: dict[str, Any] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Start processes by name, each in its own group so that it dies with its children."""
        for name in names:
            command = [sys.executable, *COMMANDS[name]]
            if name == "web":
                command += ["--bind", self.base_url.removeprefix("http://"), "--log-level", "warning"]
            with (self.logs / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    command, cwd=ROOT, env=self.env, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
                )

    def kill(self, name: str, how: int = signal.SIGKILL) -> None:
        """Send a signal to a process and its children, and wait for its end."""
        process = self.processes.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, how)
        process.wait(20)

    def stop(self) -> None:
        """End everything."""
        for name in list(self.processes):
            self.kill(name)

    def load_demo(self) -> None:
        """The demo of CONTRACT.md."""
        out = self.logs / "demo.json"
        subprocess.run([sys.executable, "-m", "app.workers.demo", "--out", str(out)], cwd=ROOT, env=self.env, check=True, timeout=120)
        self.demo = json.loads(out.read_text(encoding="utf-8"))

    def wait_ready(self) -> None:
        """Until `/readyz` answers 200."""

        def ready() -> bool:
            try:
                with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=2) as answer:
                    return answer.status == 200
            except OSError:
                return False

        wait_until(ready, seconds=60, what="/readyz")


def make_stack(env: dict[str, str], logs: Path, **changes: str) -> Stack:
    """A stack that is not started yet."""
    base_url = f"http://127.0.0.1:{free_port()}"
    whole = {**os.environ, **env, "BASE_URL": base_url, "PYTHONUNBUFFERED": "1", **changes}
    return Stack({key: value for key, value in whole.items() if not key.startswith("PYTEST_")}, logs, base_url)


@contextmanager
def changed(statement: str, undo: str, *values: str) -> Iterator[None]:
    """A change of the live stack's database for the time of the block."""
    with psycopg.connect(admin_url(f"live_{worker_number()}"), autocommit=True) as connection:
        connection.execute(statement, values)
        try:
            yield
        finally:
            connection.execute(undo, values)
