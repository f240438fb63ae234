"""A pooled connection that the server dropped while it rested is replaced before it is used."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from app.core import connections
from app.web.house import House


@pytest.fixture
def engine(app: House) -> Iterator[Engine]:
    made = create_engine(app.config["SQLALCHEMY_DATABASE_URI"], pool_size=1, max_overflow=0)
    yield made
    made.dispose()


def drop_its_connection(engine: Engine) -> None:
    """Break the line of the connection that rests in the pool, as a restarted server does."""
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        line = os.dup(raw.fileno())
    with socket.socket(fileno=line) as broken:
        broken.shutdown(socket.SHUT_RDWR)


def test_a_rested_connection_is_tried_first(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    drop_its_connection(engine)
    monkeypatch.setattr(connections, "RESTED_SECONDS", -1.0)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_one_used_a_moment_ago_is_not(engine: Engine) -> None:
    drop_its_connection(engine)
    with pytest.raises(OperationalError), engine.connect() as connection:
        connection.scalar(text("SELECT 1"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1, "and the pool has noticed"
