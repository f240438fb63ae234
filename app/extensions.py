"""Extension objects, without configuration; `create_app` initialises them."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import redis
from flask import current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
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


def connect_redis(url: str) -> redis.Redis:
    """Make a client on a bounded, blocking pool (PERFORMANCE.md: the default pool raises at 100 connections)."""
    pool = redis.BlockingConnectionPool.from_url(url, max_connections=50, timeout=10, health_check_interval=30, socket_connect_timeout=5)
    return redis.Redis(connection_pool=pool)
