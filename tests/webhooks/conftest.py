"""A committed database for what threads and several drains do, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app import create_app
from app.extensions import db, redis_client
from app.web.house import House
from tests.conftest import environment, redis_url, worker_number
from tests.support.databases import admin_url, copy_template


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The application on a database of its own, whose commits are real."""
    name = f"test_webhooks_{worker_number()}"
    copy_template(name)
    made = create_app(environment(name, redis_url(0), tmp_path_factory.mktemp("data")))
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def outbox(committed: House) -> Iterator[House]:
    """No event, no delivery, no job; inside the application's context."""
    with committed.app_context():
        name = Path(db.engine.url.database or "").name
        with psycopg.connect(admin_url(name), autocommit=True) as connection:
            connection.execute("TRUNCATE events, deliveries, delivery_attempts, webhook_endpoints, notifications")
        redis_client().flushdb()
        yield committed
        db.session.remove()
