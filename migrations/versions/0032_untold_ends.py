"""The few ended conversations whose end waits for a reply are found at once."""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_index("ix_sessions_untold", "sessions", ["id"], postgresql_where="status = 'completed' AND completed_at IS NULL")
