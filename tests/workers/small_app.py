"""The least of an application that jobs need: settings and Redis, and a database nobody asks."""

from __future__ import annotations

from flask import Flask

from app.config import load_settings
from app.core.logging import configure_logging
from app.extensions import connect_redis, db


def small_app(redis_url: str) -> Flask:
    """An application on that Redis."""
    configure_logging(json_lines=True)
    app = Flask("small")
    environment = {"SECRET_KEY": "test", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": redis_url, "APP_ENV": "test"}
    app.config["SETTINGS"] = load_settings(environment)
    app.config["SQLALCHEMY_DATABASE_URI"] = app.config["SETTINGS"].database_url
    app.extensions["redis"] = connect_redis(redis_url)
    db.init_app(app)
    return app
