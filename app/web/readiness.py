"""What keeps this process from serving."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db, redis_client

_ROLE = text(
    "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace) "
    "FROM pg_roles r WHERE rolname = current_user"
)


@cache
def newest_migration() -> str:
    """The revision this code was written for: they are numbered, and a test holds Alembic to it."""
    return max(path.name[:4] for path in (Path(__file__).parents[2] / "migrations/versions").glob("[0-9]*.py"))


def problems() -> list[str]:
    """Names of what is missing: database, bypass, migrations, redis. Empty when ready."""
    found: list[str] = []
    try:
        if db.session.scalar(_ROLE):
            found.append("bypass")
        if db.session.scalar(text("SELECT version_num FROM alembic_version")) != newest_migration():
            found.append("migrations")
    except SQLAlchemyError:
        db.session.rollback()
        found.append("database")
    try:
        redis_client().ping()
    except redis.RedisError:
        found.append("redis")
    return found
