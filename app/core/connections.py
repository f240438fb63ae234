"""Connections to PostgreSQL: how they wait, and when those of the pool are tried before use (PERFORMANCE.md: a round trip is not free)."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from gevent import monkey
from gevent.socket import wait_read
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, Pool

RESTED_SECONDS = 5.0


class GreenConnection(psycopg.Connection[Any]):
    """Waits for an answer in gevent's own loop. What psycopg does there, through a poll object and a clock each time, costs half a round trip."""

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's."""
        return super().wait(_reading(gen, self.pgconn.socket) if timeout is None else gen, interval, timeout)


def _reading(gen: PQGen[Any], fileno: int) -> PQGen[Any]:
    """The same steps, but for those that only wait to read: these are over before psycopg sees them."""
    try:
        wanted = next(gen)
        while True:
            if wanted == Wait.R:
                wait_read(fileno)
                wanted = gen.send(Ready.R)
            else:
                wanted = gen.send((yield wanted))
    except StopIteration as end:
        return end.value


@event.listens_for(Engine, "do_connect")
def _on_connect(dialect: object, entry: object, arguments: list[Any], parameters: dict[str, Any]) -> psycopg.Connection[Any] | None:
    """Make connections that wait so, in the processes that gevent patched."""
    return GreenConnection.connect(*arguments, **parameters) if monkey.is_module_patched("select") else None


@event.listens_for(Pool, "checkin")
def _on_checkin(connection: Any, entry: ConnectionPoolEntry) -> None:
    entry.info["used_at"] = time.monotonic()


@event.listens_for(Pool, "checkout")
def _on_checkout(connection: psycopg.Connection[Any], entry: ConnectionPoolEntry, proxy: object) -> None:
    """Have the pool replace a connection that the server has dropped meanwhile."""
    if time.monotonic() - entry.info.get("used_at", float("inf")) > RESTED_SECONDS:
        try:
            connection.autocommit = True
            connection.execute("SELECT 1")
            connection.autocommit = False
        except psycopg.Error as error:
            raise DisconnectionError from error
