"""Databases of the tests: migrated once into a template, then copied, one per xdist worker and kind."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from app.workers.migrate import migrate

TEMPLATE = "aimanager_template"
LOCK = Path(tempfile.gettempdir()) / f"aimanager-tests-{os.getuid()}.lock"


def admin_url(name: str) -> str:
    """The owner role's address of a database."""
    return make_url(os.environ["TEST_DATABASE_ADMIN_URL"]).set(database=name).render_as_string(hide_password=False)


def app_url(name: str) -> str:
    """The application role's address of a database."""
    return make_url(os.environ["TEST_DATABASE_URL"]).set(database=name).render_as_string(hide_password=False)


def copy_template(name: str) -> None:
    """Make database `name` anew from the migrated template, which the first caller makes."""
    with LOCK.open("w") as lock, psycopg.connect(admin_url("postgres"), autocommit=True) as connection:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
        template = f"{TEMPLATE}_{run[:12]}"
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (template,)).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(template)))
            role = make_url(os.environ["TEST_DATABASE_URL"]).username or ""
            migrate(f"postgresql+psycopg://{admin_url(template).split('://', 1)[1]}", role)
        _drop(connection, name)
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def _drop(connection: psycopg.Connection, name: str) -> None:
    """Drop a database with its connections. An autovacuum worker, which only a superuser may end, leaves by itself."""
    deadline = time.monotonic() + 10
    while True:
        try:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
