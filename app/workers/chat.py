"""`python -m app.workers.chat`: replies, and the light jobs between them, many at once (queues `chat`, then `light`).

With CHAT_WORKER_PROCESSES above 1, that many workers, forked once everything is loaded (`forking`).
"""

from __future__ import annotations

import importlib
import os
import sys

from gevent import monkey

if not monkey.is_module_patched("socket"):
    # `python -m` has already imported the package `app`. gevent's own launcher patches before that, in this same process.
    os.execv(sys.executable, [sys.executable, "-m", "gevent.monkey", "--module", "app.workers.chat"])

from app import create_app
from app.core.collecting import settle
from app.extensions import connect_redis
from app.workers import load_rooms
from app.workers.concurrent import ConcurrentWorker
from app.workers.forking import ForkedWorker, fork_workers
from app.workers.parent import name_process

COMMAND = [sys.executable, "-m", "gevent.monkey", "--module", "app.workers.chat"]
"""This process again, patched; with a name behind it, one worker made anew."""


def main() -> None:
    """Work until SIGTERM."""
    app = create_app(doors=False)
    load_rooms()
    settings = app.config["SETTINGS"]
    if settings.ai_base_url:
        # The SDK is half a second of imports: at the start, since in the first reply it would hold up all the others.
        importlib.import_module("app.llm.providers.openai_compatible")
    settle()

    def work(kind: type[ConcurrentWorker] = ForkedWorker) -> None:
        kind(app, ["chat", "light"], connect_redis(settings.redis_url), slots=settings.chat_worker_slots).work()

    if sys.argv[1:]:  # made anew by a parent
        name_process(sys.argv[1])
        work()
    elif settings.chat_worker_processes == 1:
        work(ConcurrentWorker)
    else:
        fork_workers(work, settings.chat_worker_processes, COMMAND)


if __name__ == "__main__":
    main()
