"""Alembic's environment: migrates as the owner role (no superuser, BYPASSRLS), never as the application's role."""

from __future__ import annotations

import importlib
import pkgutil

from alembic import context
from sqlalchemy import create_engine, pool

import app as application
from app.extensions import db

for package in pkgutil.iter_modules(application.__path__):
    if package.ispkg and importlib.util.find_spec(f"app.{package.name}.models"):
        importlib.import_module(f"app.{package.name}.models")


def run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection)
        return
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    with engine.connect() as opened:
        _migrate(opened)
        opened.commit()


def _migrate(connection) -> None:
    context.configure(connection=connection, target_metadata=db.metadata)
    with context.begin_transaction():
        context.run_migrations()


run()
