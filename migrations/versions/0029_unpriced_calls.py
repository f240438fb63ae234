"""What a call without a price is counted for in budgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

KEYS = ("agent_id", "editor_id", "artisan_id", "deployment_id", "provider", "model", "purpose", "paid_by")
AMOUNTS = ("success", "prompt_tokens", "completion_tokens", "estimated", "cost_eur", "unpriced_eur", "latency_ms", "created_at")


def upgrade() -> None:
    op.add_column("usage_logs", sa.Column("unpriced_eur", sa.Numeric(14, 8), nullable=False, server_default="0"))
    op.add_column("usage_days", sa.Column("unpriced_eur", sa.Numeric(18, 8), nullable=False, server_default="0"))
    op.create_check_constraint(op.f("ck_usage_logs_unpriced"), "usage_logs", "unpriced_eur >= 0")
    # The trigger of 0024, with this amount among those that stay once they were added up.
    op.execute("DROP TRIGGER keep_counted ON usage_logs")
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in (*KEYS, *AMOUNTS))
    op.execute(
        f"CREATE TRIGGER keep_counted BEFORE UPDATE OF counted, {', '.join((*KEYS, *AMOUNTS))} ON usage_logs FOR EACH ROW "
        "WHEN (app_kind() IS NOT NULL AND NOT app_staff() AND (OLD.counted <> NEW.counted OR OLD.counted AND "
        f"({changed}))) EXECUTE FUNCTION refuse_change()"
    )
