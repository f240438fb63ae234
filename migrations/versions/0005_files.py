"""Files of conversations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import protect

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("particulier_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("raw_key", sa.Text(), nullable=True),
        sa.Column("full_key", sa.Text(), nullable=True),
        sa.Column("thumb_key", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('processing', 'ready', 'refused')", name="status"),
        sa.ForeignKeyConstraint(
            ["artisan_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["particulier_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_files_message_id"), "files", ["message_id"], unique=False)
    op.create_index(op.f("ix_files_session_id"), "files", ["session_id", "created_at"], unique=False)
    protect(
        "files",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'conseiller' THEN (app_account() = editor_id OR app_account() = artisan_id) WHEN app_kind() = 'user' AND app_role() = 'particulier' THEN particulier_id = app_user() ELSE false END",
        write="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END",
        insert="(app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END) AND (app_staff() OR app_sees_session(session_id, editor_id, artisan_id, particulier_id))",
    )
