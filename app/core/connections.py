"""Pooled connections are tried before use only when they have rested: a round trip at each transaction is not free (PERFORMANCE.md)."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, Pool

RESTED_SECONDS = 5.0


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
