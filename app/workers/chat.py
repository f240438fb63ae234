"""`python -m app.workers.chat`: replies, and the light jobs between them, many at once (queues `chat`, then `light`)."""

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
from app.workers import load_jobs
from app.workers.concurrent import ConcurrentWorker


def main() -> None:
    """Work until SIGTERM."""
    app = create_app()
    load_jobs()
    settings = app.config["SETTINGS"]
    if settings.ai_base_url:
        # The SDK is half a second of imports: at the start, since in the first reply it would hold up all the others.
        importlib.import_module("app.llm.providers.openai_compatible")
    settle()
    ConcurrentWorker(app, ["chat", "light"], connect_redis(settings.redis_url), slots=settings.chat_worker_slots).work()


if __name__ == "__main__":
    main()
