"""What each call costs, counters folded from the log, budgets."""

from __future__ import annotations

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    pass
