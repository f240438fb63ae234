"""Names held in PostgreSQL, for what no row can be locked for: the row does not exist yet, or its holder may not write it."""

from __future__ import annotations

from sqlalchemy import func, select

from app.extensions import db


def hold(name: str) -> None:
    """Wait for whoever holds this name, then hold it until the end of the transaction. Read afterwards what it protects."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
