"""What content assistants produced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rls import protect

revision = "0027"
down_revision = "0026"

OWN = (
    "app_staff() OR CASE WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) "
    "WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() "
    "WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() ELSE false END"
)


def upgrade() -> None:
    op.create_table(
        "contents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("brief", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("cost_eur", sa.Numeric(14, 8), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_contents_status")),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"], name=op.f("fk_contents_editor_id_users")),
        sa.ForeignKeyConstraint(["artisan_id"], ["users.id"], name=op.f("fk_contents_artisan_id_users")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_contents_author_id_users")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_contents_agent_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contents")),
        sa.UniqueConstraint("message_id", name=op.f("uq_contents_message_id")),
    )
    op.create_index(op.f("ix_contents_editor_id"), "contents", ["editor_id", "created_at", "id"])
    op.create_index(op.f("ix_contents_artisan_id"), "contents", ["artisan_id", "created_at", "id"])
    op.create_index("ix_contents_unfinished", "contents", ["lease_until"], postgresql_where=sa.text("status IN ('queued', 'running')"))
    protect("contents", read=OWN)
