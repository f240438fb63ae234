"""`bin/bench webhooks`: deliveries per second of one worker process (PERFORMANCE.md, Webhooks: at least 1,000).

A receiver of its own process answers 200 at once; the drain runs as in the chat worker, under gevent. Prints each round and
the median; exit code 1 below the goal. Its database is made for the run and dropped.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gevent import monkey

if __name__ == "__main__" and not monkey.is_module_patched("socket"):
    os.execv(sys.executable, [sys.executable, "-m", "gevent.monkey", "--module", "tests.bench.webhooks", *sys.argv[1:]])

import gevent
import psutil
import psycopg
from gevent.server import StreamServer
from psycopg import sql
from sqlalchemy import func, select

from app import create_app
from app.extensions import db
from app.webhooks.delivery import run_drain
from app.webhooks.dispatching import dispatch_events
from app.webhooks.models import Delivery, DeliveryAttempt
from tests.conftest import environment
from tests.factories import committing, make_user
from tests.factories.webhooks import make_endpoint, make_event
from tests.support.databases import admin_url, copy_template

GOAL = 1000
ROOT = Path(__file__).parents[2]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def serve() -> None:
    """Read requests, answer 200, stay on the line; print the port first."""

    def talk(client: object, address: object) -> None:
        stream = client.makefile("rwb")  # type: ignore[attr-defined]
        while stream.readline():
            length = 0
            while (line := stream.readline()).strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            stream.read(length)
            stream.write(ANSWER)
            stream.flush()

    server = StreamServer(("127.0.0.1", 0), talk, backlog=1024)
    server.start()
    print(server.server_port, flush=True)
    server.serve_forever()


@contextmanager
def receiver() -> Iterator[int]:
    """The receiver's port, in a process of its own."""
    child = subprocess.Popen(
        [sys.executable, "-m", "gevent.monkey", "--module", "tests.bench.webhooks", "--serve"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        yield int(child.stdout.readline())
    finally:
        child.terminate()
        child.wait()


def round_of(editor_id: str, number: int) -> tuple[float, float]:
    """Tell `number` events and send them. Returns deliveries per second, and milliseconds of processor for each."""
    from app.identity.models import User

    for _ in range(number // 500):
        with committing():
            editor = db.session.get_one(User, editor_id)
            for _ in range(500):
                make_event(editor)
    while dispatch_events():
        pass
    process = psutil.Process()
    before, started = process.cpu_times(), time.perf_counter()
    run_drain(seconds=300)
    seconds, after = time.perf_counter() - started, process.cpu_times()
    with committing():
        left = db.session.scalar(select(func.count()).select_from(Delivery).where(Delivery.status != "success"))
        tries = db.session.scalar(select(func.count()).select_from(DeliveryAttempt))
        sent = db.session.scalar(select(func.count()).select_from(Delivery))
    assert left == 0 and tries == sent, (left, tries, sent)
    return number / seconds, 1000 * (after.user + after.system - before.user - before.system) / number


def main() -> int:
    """Run the rounds; the exit code is the goal's."""
    parser = argparse.ArgumentParser(prog="bin/bench webhooks", description="Envois de webhooks par seconde, un processus.")
    parser.add_argument("--deliveries", type=int, default=5000, help="envois par tour")
    parser.add_argument("--rounds", type=int, default=3, help="nombre de tours")
    parser.add_argument("--endpoints", type=int, default=4, help="destinataires, sur le même serveur")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return 0
    name = f"bench_webhooks_{os.getpid()}"
    os.environ.setdefault("TEST_DATABASE_URL", os.environ.get("DATABASE_URL", ""))
    os.environ.setdefault("TEST_DATABASE_ADMIN_URL", os.environ.get("DATABASE_ADMIN_URL", ""))
    redis = os.environ.get("TEST_REDIS_URL") or os.environ["REDIS_URL"]
    copy_template(name)
    rates = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, receiver() as port:
        app = create_app(environment(name, redis, Path(folder)))
        with app.app_context():
            with committing():
                editors = [make_user("editeur") for _ in range(options.endpoints)]
                for editor in editors:
                    make_endpoint(editor, f"http://127.0.0.1:{port}/hooks")
                ids = [editor.id for editor in editors]
            for number in range(options.rounds):
                rate, cpu = round_of(ids[number % len(ids)], options.deliveries)
                rates.append(rate)
                print(f"tour {number + 1} : {rate:6.0f} envois/s, {cpu:.2f} ms de processeur par envoi", flush=True)
            gevent.sleep(0)
            db.engine.dispose()
    with psycopg.connect(admin_url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    median = statistics.median(rates)
    print(f"{'PASS' if median >= GOAL else 'FAIL'} : médiane {median:.0f} envois/s, but ≥ {GOAL}")
    return 0 if median >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
