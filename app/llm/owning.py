"""An owner's settings are changed one after the other: two requests at once would both find nothing to replace."""

from __future__ import annotations

from sqlalchemy import func, select

from app.extensions import db


def lock_owner(owner_id: str | None) -> None:
    """Wait for whoever changes the same owner's settings, until the end of the transaction."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"ai:{owner_id or 'platform'}", 0))))
