"""The revision that readiness waits for is Alembic's own head."""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory

from app.web.readiness import newest_migration


def test_the_newest_migration_is_the_head() -> None:
    migrations = Path(__file__).parents[2] / "migrations"
    assert newest_migration() == ScriptDirectory(str(migrations)).get_current_head()
