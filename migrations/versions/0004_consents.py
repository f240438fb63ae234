"""Notices shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rls import protect

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "notices_shown",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("particulier_id", sa.Text(), nullable=True),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
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
        sa.UniqueConstraint("session_id", "notice", "version"),
    )
    protect(
        "notices_shown",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'conseiller' THEN (app_account() = editor_id OR app_account() = artisan_id) WHEN app_kind() = 'user' AND app_role() = 'particulier' THEN particulier_id = app_user() ELSE false END",
        write="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END",
        insert="(app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END) AND (app_staff() OR app_sees_session(session_id, editor_id, artisan_id, particulier_id))",
    )
