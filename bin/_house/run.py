"""`bin/run`: everything AI-Manager needs on one machine, from a bare Python to an answering site."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NoReturn

from _house import postgres
from _house.console import HouseError, say
from _house.processes import StopRequested, guarded, run_step
from _house.redis_server import redis_server
from _house.supervisor import Program, Supervisor
from _house.toolchain import ensure_assets, ensure_python
from _house.workspace import ROOT, DataFolder, check_port, load_environment, write_private

SERVICES, WORKERS, WEB = 0, 1, 2  # ranks
_READY_WITHIN = 120.0  # seconds
_CHAT_WORKERS = "2"  # unless the setting says otherwise


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise HouseError(f"arguments incorrects ({message}). Usage : bin/run [--port 8000] [--data var]")


def main(arguments: list[str]) -> int:
    """Set up, start, and stay until asked to stop. Answers the exit code."""
    parser = _Parser(prog="bin/run", description="Démarre AI-Manager sur cette machine.")
    parser.add_argument("--port", type=int, default=8000, help="port du site (8000)")
    parser.add_argument("--data", type=Path, default=ROOT / "var", help="dossier des données (var)")
    options = parser.parse_args(arguments)
    if not 0 < options.port < 65536:
        raise HouseError("--port attend un nombre entre 1 et 65535.")
    env = load_environment(ROOT / ".env")
    if ("DATABASE_URL" in env) != ("DATABASE_ADMIN_URL" in env):
        raise HouseError("DATABASE_URL (l'application) et DATABASE_ADMIN_URL (les migrations) se donnent ensemble.")
    data = DataFolder(options.data.resolve())
    data.prepare()
    inherited = data.claim()
    check_port(options.port)
    ensure_python(env, dev=False, arguments=["run", *arguments])
    ensure_assets(env, dev=False)
    return guarded(_Site(data, env, options.port, inherited).run)


class _Site:
    """One running installation."""

    def __init__(self, data: DataFolder, env: dict[str, str], port: int, inherited: int) -> None:
        self._data, self._port, self._inherited = data, port, inherited
        self._secrets = data.secrets()
        self._supervisor = Supervisor(data.logs, inherited)
        self._settings = {
            "APP_ENV": "development",
            "SECRET_KEY": self._secrets["secret_key"],
            "MASTER_KEY": self._secrets["master_key"],
            "BASE_URL": f"http://127.0.0.1:{port}",
            "DATA_DIR": str(data.path),
        }
        self._settings |= {name: env[name] for name in self._settings if name in env}
        self._outside = env

    @property
    def _env(self) -> dict[str, str]:
        return self._outside | {"PYTHONUNBUFFERED": "1"} | self._settings

    def run(self) -> int:
        """Start everything, say so, watch until a signal; whatever happens, stop everything."""
        try:
            self._start_services()
            wants_demo = self._settings["APP_ENV"] != "production" and not self._data.demo.exists()
            if not wants_demo:  # most of a start is imports: they go on while the migrations are looked at
                self._start_web()
            self._step("Migrations…", "les migrations ont échoué", "app.workers.migrate")
            if wants_demo:
                arguments = ("app.workers.demo", "--out", str(self._data.demo))
                self._step("Données de démonstration…", "la démonstration n'a pas pu être chargée", *arguments)
                self._start_web()
            self._start_workers()
            self._tell_demo_address()
            self._wait_ready()
            print(f"AI-Manager prêt : http://127.0.0.1:{self._port}", flush=True)
            while True:
                time.sleep(0.25)
                self._supervisor.tick()
        except StopRequested:
            say("Arrêt…")
            return 0
        finally:
            os.ftruncate(self._inherited, 0)  # a start from now on waits for us
            self._supervisor.stop()
            (self._data.path / "run.env").unlink(missing_ok=True)

    def _start_services(self) -> None:
        """Start the embedded PostgreSQL and Redis that no setting replaces, side by side, and write `run.env` for an operator's commands."""
        redis = None
        if "REDIS_URL" not in self._outside:
            redis = redis_server(self._data.path / "redis", self._secrets["redis_password"], self._outside, durable=True)
            program = Program("redis", redis.command(), {"PATH": os.defpath}, SERVICES, cwd=redis.folder, stdin=redis.settings())
            redis_child = self._supervisor.start(program)
            self._settings["REDIS_URL"] = redis.url
        if "DATABASE_URL" not in self._outside:
            self._start_postgres()
        if redis:
            redis.wait_ready(redis_child, self._supervisor.log("redis"))
        lines = [f"{name}='{value}'" for name, value in sorted(self._settings.items())]
        write_private(self._data.path / "run.env", "\n".join([*lines, ""]))

    def _start_postgres(self) -> None:
        cluster = postgres.installed_cluster(self._data.path)
        if not (cluster.data / "PG_VERSION").exists():
            say("Création de la base PostgreSQL…")
        cluster.initialise(self._secrets["superuser_password"])
        program = Program(
            "postgres",
            cluster.command(),
            {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            SERVICES,
            stop_signal=postgres.STOP_SIGNAL,
            grace=30.0,
            cwd=cluster.home,
            account=cluster.account,
        )
        cluster.wait_ready(self._supervisor.start(program), self._supervisor.log("postgres"))
        cluster.create_roles(self._secrets)
        self._settings["DATABASE_URL"] = cluster.url("aimanager_app", self._secrets["app_password"])
        self._settings["DATABASE_ADMIN_URL"] = cluster.url("aimanager_owner", self._secrets["owner_password"])

    def _step(self, title: str, failure: str, module: str, *arguments: str) -> None:
        """Run one of the application's modules to its end. Raises HouseError with its last lines."""
        say(title)
        argv = [sys.executable, "-m", module, *arguments]
        code, tail = run_step(argv, env=self._env, cwd=ROOT, pass_fds=(self._inherited,))
        if code:
            raise HouseError(f"{failure}.", tail)

    def _tell_demo_address(self) -> None:
        """Keep the address that demo.json tells true: the port may have changed."""
        if not self._data.demo.exists():
            return
        told = json.loads(self._data.demo.read_text(encoding="utf-8"))
        if told.get("base_url") != self._settings["BASE_URL"]:
            write_private(self._data.demo, json.dumps(told | {"base_url": self._settings["BASE_URL"]}, ensure_ascii=False, indent=2) + "\n")

    def _start_web(self) -> None:
        """The Procfile's `web`, on the loopback."""
        say("Démarrage du site…")
        measures = self._data.path / "metrics"  # where the web processes add up what /metrics tells
        shutil.rmtree(measures, ignore_errors=True)
        measures.mkdir(mode=0o700)
        argv = [
            sys.executable,
            "-m",
            "gunicorn",
            "-k",
            "gevent",
            "-w",
            "2",
            "--bind",
            f"127.0.0.1:{self._port}",
            "--worker-connections",
            "2000",
        ]
        argv += ["--graceful-timeout", "5", "--no-control-socket", "wsgi:app"]
        self._supervisor.start(Program("web", argv, self._env | {"PROMETHEUS_MULTIPROC_DIR": str(measures)}, WEB))

    def _start_workers(self) -> None:
        env = {"CHAT_WORKER_PROCESSES": _CHAT_WORKERS} | self._env
        for name in ("chat", "heavy", "scheduler"):
            self._supervisor.start(Program(name, [sys.executable, "-m", f"app.workers.{name}"], env, WORKERS))

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + _READY_WITHIN
        url, answer = f"http://127.0.0.1:{self._port}/readyz", "aucune réponse"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < deadline:
            self._supervisor.tick()
            try:
                with opener.open(url, timeout=5):
                    self._supervisor.ready = True
                    return
            except urllib.error.HTTPError as error:
                answer = f"{error.code} {error.read(500).decode(errors='replace')}"
            except OSError:
                pass
            time.sleep(0.1)
        raise HouseError(f"le site n'est pas prêt après {_READY_WITHIN:.0f} s ({url} : {answer})", self._supervisor.tail("web"))
