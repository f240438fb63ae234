"""The house under test: a real PostgreSQL database and a real Redis per xdist worker, one rolled-back savepoint per test."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from rq import Queue
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction

from app import create_app
from app.conversations import running
from app.core.acting import current_actor, tell
from app.core.http import outbound
from app.core.jobs import QUEUES, SERIALIZER, AppJob
from app.extensions import db, redis_client
from app.llm import resolving
from app.llm.breaker import breaker
from app.quoting.library import load_platform_library
from app.web.house import House
from app.webhooks import jobs as webhook_jobs
from tests.factories import committing
from tests.support.databases import app_url, copy_template

_databases = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, and side by side: they share a worker, hence a running product, and none is left for the end.

    They wait more than they count, so that meanwhile the other workers have the processors.
    """
    items.sort(key=lambda item: item.get_closest_marker("committed") is None)


def pytest_collection_finish() -> None:
    """What was loaded and collected stays to the end: the garbage collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()


def worker_number() -> int:
    """0 without xdist, else 1, 2…"""
    name = os.environ.get("PYTEST_XDIST_WORKER", "")
    return int(name.removeprefix("gw")) + 1 if name else 0


def redis_url(offset: int) -> str:
    """A Redis database of this worker's own: 0 is emptied by many a test, 1 is the running product's, 2 that of a product which one module starts."""
    base = os.environ["TEST_REDIS_URL"].rsplit("/", 1)[0]
    return f"{base}/{worker_number() * 3 + offset}"


def environment(database: str, redis: str, data_dir: Path, **changes: str) -> dict[str, str]:
    """Settings of an application under test."""
    return {
        "APP_ENV": "test",
        "SECRET_KEY": "a-secret-for-tests-only-0123456789abcdef",
        "DATABASE_URL": app_url(database),
        "REDIS_URL": redis,
        "DATA_DIR": str(data_dir),
        "BASE_URL": "http://localhost",
        "RATELIMIT_ENABLED": "false",
        **changes,
    }


def _compiled_templates(folders: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Where the workers of a run leave each other the templates that they compiled. For one run: a filter of ours on a constant is compiled too."""
    base = folders.getbasetemp()
    folder = (base.parent if worker_number() else base) / "templates"
    folder.mkdir(exist_ok=True)
    return FileSystemBytecodeCache(str(folder))


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The application on this worker's own database, where the platform's prices are: most tests want them, and their rows are dear to make."""
    name = f"test_{worker_number()}"
    copy_template(name)
    made = create_app(environment(name, redis_url(0), tmp_path_factory.mktemp("data")))
    made.jinja_env.bytecode_cache = _compiled_templates(tmp_path_factory)
    with made.app_context(), committing():
        load_platform_library()
    yield made
    with made.app_context():
        db.engine.dispose()


def _tell_doors(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """A transaction that begins knows no setting; within the one that a test rolls back, the last actor would stay (TRAPS.md)."""
    if not transaction.nested and current_actor().kind == "door":
        tell(connection, current_actor())


@pytest.fixture
def house(app: House) -> Iterator[House]:
    """The application inside a transaction that is rolled back; every commit of the test is a savepoint in it."""
    with app.app_context():
        redis_client().flushdb()
        resolving.forget()
        breaker.reset()
        engines = db._app_engines[app]
        engine = engines[None]
        with engine.connect() as connection:
            outer = connection.begin()
            savepoint = connection.begin_nested()
            engines[None] = connection
            event.listen(Session, "after_begin", _tell_doors)
            try:
                yield app
            finally:
                event.remove(Session, "after_begin", _tell_doors)
                db.session.remove()
                engines[None] = engine
                if savepoint.is_active:
                    savepoint.rollback()
                outer.rollback()


@pytest.fixture
def database() -> str:
    """A database of this test alone. Never an earlier one made anew: the connections of a process that was killed may outlive it for a moment."""
    name = f"alone_{worker_number()}_{next(_databases)}"
    copy_template(name)
    return name


@pytest.fixture
def committed(database: str, tmp_path: Path) -> Iterator[House]:
    """An application whose commits are real, and which several threads may use at once."""
    made = create_app(environment(database, redis_url(0), tmp_path / "data"))
    with made.app_context():
        resolving.forget()
        yield made
        outbound().close()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(house: House) -> FlaskClient:
    """A browser without JavaScript."""
    return house.test_client()


@pytest.fixture
def run_jobs(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Run every queued job here and now, those they queue included; returns their names in order."""
    monkeypatch.setattr(webhook_jobs, "GATHER_SECONDS", 0)
    # A beat is another thread's, and here there is one connection for all: on a slow machine it would fall into a test.
    monkeypatch.setattr(running, "BEAT_SECONDS", 60)

    def run() -> list[str]:
        done: list[str] = []
        while True:
            taken = [
                (queue, job_id)
                for queue in (Queue(name, connection=redis_client(), serializer=SERIALIZER, job_class=AppJob) for name in QUEUES)
                for job_id in queue.get_job_ids()
            ]
            if not taken:
                return done
            for queue, job_id in taken:
                job = queue.fetch_job(job_id)
                queue.remove(job_id)
                if job is not None:
                    done.append(job.func_name.rsplit(".", 1)[-1])
                    job.func(*job.args)

    return run
