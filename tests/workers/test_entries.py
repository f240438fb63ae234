"""The worker processes as they are started in life: `python -m app.workers.…`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workers.conftest import ROOT, eventually
from tests.workers.redis_server import RedisServer


def environment(server: RedisServer, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "APP_ENV": "test",
        "SECRET_KEY": "test",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": server.url,
        "DATA_DIR": str(folder),
        "CHAT_WORKER_SLOTS": "3",
    }


@pytest.mark.parametrize(
    ("module", "known_by"), [("chat", "rq:workers:chat"), ("heavy", "rq:workers:heavy"), ("scheduler", "scheduler:lock")]
)
def test_a_worker_starts_and_stops(server: RedisServer, tmp_path: Path, module: str, known_by: str) -> None:
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-W", "error::RuntimeWarning", "-m", f"app.workers.{module}"],
        cwd=ROOT,
        env=environment(server, tmp_path),
        stdout=log,
        stderr=log,
    )
    try:
        with server.client() as client:
            eventually(lambda: process.poll() is not None or client.exists(known_by), 30)
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=10)
            log.seek(0)
            assert code == 0, log.read()
            assert not client.exists(known_by)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        log.close()


def test_the_chat_worker_is_patched_before_anything_else() -> None:
    """Modules that took `threading` or `ssl` unpatched would block every reply at once."""
    seen = subprocess.run(
        [sys.executable, "-W", "error", "-m", "gevent.monkey", "--module", "tests.workers.patched"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert seen.returncode == 0, seen.stderr
