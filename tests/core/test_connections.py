"""Connections wait without holding up anybody, and one that the server dropped while it rested is replaced before it is used."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import gevent
import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine, make_url
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


@pytest.fixture
def green(app: House) -> Iterator[connections.GreenConnection]:
    dsn = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = connections.GreenConnection.connect(dsn)
    yield connection
    connection.close()


def test_others_go_on_while_one_waits(green: connections.GreenConnection) -> None:
    answered = gevent.spawn(lambda: green.execute("SELECT pg_sleep(0.3), 7").fetchone())
    turns = 0
    while not answered.ready():
        gevent.sleep(0.01)
        turns += 1
    assert answered.get()[1] == 7 and turns > 5


def test_what_no_buffer_holds_goes_through(green: connections.GreenConnection) -> None:
    large = "é" * 8_000_000
    assert green.execute("SELECT %s::text || '!'", (large,)).fetchone() == (f"{large}!",)


def test_an_error_is_raised_and_the_connection_serves_on(green: connections.GreenConnection) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        green.execute("SELECT 1 / 0")
    green.rollback()
    assert green.execute("SELECT 1").fetchone() == (1,)


def test_a_line_that_breaks_while_one_waits(green: connections.GreenConnection) -> None:
    waiting = gevent.spawn(green.execute, "SELECT pg_sleep(20)")
    gevent.sleep(0.05)
    with socket.socket(fileno=os.dup(green.fileno())) as broken:
        broken.shutdown(socket.SHUT_RDWR)
    with pytest.raises(psycopg.OperationalError):
        waiting.get(timeout=5)


def test_a_time_limit_ends_the_waiting(green: connections.GreenConnection) -> None:
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.1):
        green.execute("SELECT pg_sleep(20)")
