"""A worker in a process of its own: `python -m tests.workers.worker_process '<JSON options>'`."""

# ruff: noqa: E402
from __future__ import annotations

import json
import sys

OPTIONS = json.loads(sys.argv[1])

if OPTIONS["kind"] == "chat":
    from gevent import monkey

    monkey.patch_all()

from app.core import jobs
from app.extensions import connect_redis
from app.workers import base, concurrent, heavy
from tests.workers.small_app import small_app


def main() -> None:
    """Run the worker that the options describe; `constants` are set in every module that uses them."""
    for module in (base, concurrent, heavy, jobs):
        for name, value in OPTIONS["constants"].items():
            if hasattr(module, name):
                setattr(module, name, value)
    app = small_app(OPTIONS["redis_url"])
    if OPTIONS["kind"] == "chat":
        connection = connect_redis(OPTIONS["redis_url"])
        concurrent.ConcurrentWorker(
            app, ["chat", "light"], connection, slots=OPTIONS["slots"], drain_seconds=OPTIONS["drain_seconds"]
        ).work()
    else:
        heavy.HeavyWorker.drain_seconds = OPTIONS["drain_seconds"]
        heavy.run(app)


if __name__ == "__main__":
    main()
