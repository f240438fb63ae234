"""A worker in a process of its own: `python -m tests.workers.worker_process '<JSON options>'`."""

# ruff: noqa: E402
from __future__ import annotations

import json
import sys

OPTIONS = json.loads(sys.argv[1])
if OPTIONS["kind"] == "fallen" and sys.argv[2:]:
    sys.exit("this worker cannot start again")

if OPTIONS["kind"] != "heavy":
    from gevent import monkey

    monkey.patch_all()

from app.core import jobs
from app.extensions import connect_redis
from app.workers import base, concurrent, forking, heavy
from tests.workers.small_app import small_app


def main() -> None:
    """Run the worker that the options describe; `constants` are set in every module that uses them."""
    for module in (base, concurrent, forking, heavy, jobs):
        for name, value in OPTIONS["constants"].items():
            if hasattr(module, name):
                setattr(module, name, value)
    app = small_app(OPTIONS["redis_url"])

    def work(kind: type[concurrent.ConcurrentWorker]) -> None:
        connection = connect_redis(OPTIONS["redis_url"])
        kind(app, ["chat", "light"], connection, slots=OPTIONS["slots"], drain_seconds=OPTIONS["drain_seconds"]).work()

    def forked() -> None:
        if OPTIONS["kind"] == "fallen":
            raise RuntimeError("this worker cannot start")
        work(forking.ForkedWorker)

    if sys.argv[2:]:  # made anew by a parent
        forked()
    elif OPTIONS["processes"] > 1:
        command = [sys.executable, "-m", "tests.workers.worker_process", sys.argv[1]]
        forking.fork_workers(forked, OPTIONS["processes"], command, **OPTIONS["timing"])
    elif OPTIONS["kind"] == "chat":
        work(concurrent.ConcurrentWorker)
    else:
        heavy.HeavyWorker.drain_seconds = OPTIONS["drain_seconds"]
        heavy.run(app)


if __name__ == "__main__":
    main()
