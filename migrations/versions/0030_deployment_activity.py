"""A deployment's last activity is its conversations': the column that nobody wrote goes."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.drop_column("deployments", "last_activity_at")
