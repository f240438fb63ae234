"""`python -m app.workers.migrate`: bring the database to the newest migration, as the owner role."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url

from app.config import SettingsError, load_settings

ROOT = Path(__file__).parents[2]


def migrate(admin_url: str, app_role: str) -> None:
    """Upgrade to head. `admin_url` belongs to the owner role; `app_role` receives the rights on new objects."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("sqlalchemy.url", admin_url.replace("%", "%%"))
    config.attributes["app_role"] = app_role
    command.upgrade(config, "head")


def main() -> None:
    """Read the two database addresses from the environment and migrate."""
    try:
        settings = load_settings(os.environ)
        if not settings.database_admin_url:
            raise SettingsError("DATABASE_ADMIN_URL : valeur manquante")
    except SettingsError as error:
        sys.exit(f"Configuration : {error}")
    migrate(settings.database_admin_url, make_url(settings.database_url).username or "")


if __name__ == "__main__":
    main()
