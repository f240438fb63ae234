"""The product under the benchmark: its real processes, its demo, conversations opened from links, and what it all costs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import redis

from tests.bench._load import Visitor

ROOT = Path(__file__).parents[2]
CHAT_WORKERS = 2
READY_SECONDS = 60


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(arguments: list[str], env: dict[str, str], log: Path) -> Iterator[psutil.Process]:
    """A program of ours, stopped at the end."""
    with log.open("ab") as output:
        child = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=env, stdout=output, stderr=output)
        try:
            yield psutil.Process(child.pid)
        finally:
            child.terminate()
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@dataclass
class Product:
    """The running product: where it listens, and its processes by what they do, each counted with its children."""

    port: int
    serving: dict[str, list[psutil.Process]]
    rest: dict[str, list[psutil.Process]]
    visitors: list[Visitor]


@contextmanager
def product(model_port: int, visitors: int) -> Iterator[Product]:
    """Start everything with the addresses in the environment, load the demo, open conversations; stop everything."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        port = free_port()
        env = os.environ | {
            "BASE_URL": f"http://127.0.0.1:{port}",
            "DATA_DIR": str(folder),
            "RATELIMIT_ENABLED": "false",
            "AI_BASE_URL": f"http://127.0.0.1:{model_port}/v1",
            "AI_API_KEY": "bench",
            "AI_MODEL": "bench",
        }
        for module in (["app.workers.migrate"], ["app.workers.demo", "--out", str(folder / "demo.json")]):
            subprocess.run([sys.executable, "-m", *module], cwd=ROOT, env=env, check=True)

        def start(name: str, *arguments: str, **more: str) -> psutil.Process:
            return stack.enter_context(process(["-m", *arguments], env | more, folder / f"{name}.log"))

        bound = ["--bind", f"127.0.0.1:{port}", "--worker-connections", "2000", "--no-control-socket"]
        web = start("web", "gunicorn", "-k", "gevent", "-w", "2", *bound, "wsgi:app")
        chat = start("chat", "app.workers.chat", CHAT_WORKER_PROCESSES=str(CHAT_WORKERS))
        rest = [start(name, f"app.workers.{name}") for name in ("heavy", "scheduler")]
        with redis.Redis.from_url(env["REDIS_URL"]) as client, psycopg.connect(env["DATABASE_URL"]) as connection:
            redis_server = psutil.Process(client.info("server")["process_id"])
            postgres = psutil.Process(connection.info.backend_pid).parent()
            _wait_until_ready(port, client)
        assert postgres is not None
        yield Product(
            port,
            {"web": [web], "chat": [chat], "Redis": [redis_server]},
            {"autres": rest, "PostgreSQL": [postgres]},
            _open_conversations(port, json.loads((folder / "demo.json").read_text()), visitors),
        )


def _wait_until_ready(port: int, client: redis.Redis) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                if client.scard("rq:workers:chat") == CHAT_WORKERS:
                    return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the product did not start")


def _open_conversations(port: int, demo: dict[str, dict[str, str]], count: int) -> list[Visitor]:
    """One link each, made by the editor's key, opened as the chat page does."""
    key, deployment = demo["api_keys"]["editeur"], demo["deployments"]["expert_btp"]
    link = {"deployment_key": deployment, "artisan_external_id": demo["artisan_external_id"]}
    visitors = []
    for _ in range(count):
        token = _post(port, "/api/editor/sessions/create-link", link, {"X-API-Key": key})["session_token"]
        opened = _post(port, f"/s/{token}/session", {}, {})
        visitors.append(Visitor(opened["session_id"], opened["session_token"]))
    return visitors


def _post(port: int, path: str, body: object, headers: dict[str, str]) -> dict[str, str]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        data: dict[str, str] = json.load(response)["data"]
        return data


class Cost:
    """Seconds of processor and the most memory (PSS, MiB) that groups of processes take while the block runs."""

    def __init__(self, groups: dict[str, list[psutil.Process]]) -> None:
        self._groups = groups
        self.cpu: dict[str, float] = {}
        self.memory: dict[str, float] = dict.fromkeys(groups, 0.0)
        self._over = threading.Event()

    def __enter__(self) -> Cost:
        self._before = {name: _cpu(processes) for name, processes in self._groups.items()}
        self._sampler = threading.Thread(target=self._sample)
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._sampler.join()
        self.cpu = {name: _cpu(processes) - self._before[name] for name, processes in self._groups.items()}

    def _sample(self) -> None:
        while not self._over.wait(3):
            for name, processes in self._groups.items():
                self.memory[name] = max(self.memory[name], _memory(processes))


def _family(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [member for process in processes for member in (process, *process.children(recursive=True))]


def _cpu(processes: list[psutil.Process]) -> float:
    total = 0.0
    for member in _family(processes):
        try:
            times = member.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _memory(processes: list[psutil.Process]) -> float:
    total = 0
    for member in _family(processes):
        try:
            total += member.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total / 2**20
