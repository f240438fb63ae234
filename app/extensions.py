"""Extension objects, without configuration; `create_app` initialises them."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from typing import Any, cast

import redis
from flask import current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from redis.maint_notifications import MaintNotificationsConfig
from sqlalchemy import DateTime, MetaData, Text
from sqlalchemy.orm import DeclarativeBase

from app.config import Settings

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
TRUSTED_SECONDS = 0.5
"""How long a Redis connection that rests is taken for a good one without a look at its socket: that look is a system call per command."""


class Base(DeclarativeBase):
    """Declarative base of every table."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
db.Model.registry.update_type_annotation_map({datetime: DateTime(timezone=True), str: Text()})  # type: ignore[attr-defined]
login_manager = LoginManager()
csrf = CSRFProtect()
htmx = Htmx()
limiter = Limiter(key_func=get_remote_address, headers_enabled=True)


def settings() -> Settings:
    """The settings of the running application."""
    return cast(Settings, current_app.config["SETTINGS"])


def redis_client() -> redis.Redis:
    """The shared Redis client of this process (bytes in, bytes out; a pool that waits instead of failing)."""
    return cast(redis.Redis, current_app.extensions["redis"])


class _Connection(redis.Connection):
    """A connection that its pool need not look at when it came back well a moment ago; one that broke since is noticed by its command."""

    trusted_until = 0.0

    def can_read(self, timeout: float = 0) -> bool:
        return time.monotonic() >= self.trusted_until and super().can_read(timeout)


class _Pool(redis.BlockingConnectionPool):
    """Trusts its connections while they rest, but for one that an exception brought back: an answer may be on its way to it."""

    def get_connection(self, *names: Any, **options: Any) -> Any:
        connection = super().get_connection(*names, **options)
        connection.trusted_until = 0.0
        return connection

    def release(self, connection: Any) -> None:
        connection.trusted_until = 0.0 if sys.exception() else time.monotonic() + TRUSTED_SECONDS
        super().release(connection)


def connect_redis(url: str) -> redis.Redis:
    """Make a client on a bounded, blocking pool (PERFORMANCE.md: the default pool raises at 100 connections).

    Without maintenance notifications, which are Redis Cloud's: with them the pool takes an answer left behind for one of these.
    """
    pool = _Pool.from_url(
        url,
        connection_class=_Connection,
        max_connections=50,
        timeout=10,
        health_check_interval=30,
        socket_connect_timeout=5,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    return redis.Redis(connection_pool=pool)
