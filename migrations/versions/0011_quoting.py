"""Price library, projects and pre-quotes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import protect

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "pre_quotes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("particulier_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("vat", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total_ht", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total_ttc", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("corrections", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.UniqueConstraint("project_id", "version"),
    )
    op.create_index(op.f("ix_pre_quotes_message_id"), "pre_quotes", ["message_id"], unique=False)
    op.create_index(op.f("ix_pre_quotes_session_id"), "pre_quotes", ["session_id"], unique=False)
    op.create_table(
        "price_items",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("vat_rate", sa.Numeric(precision=4, scale=2), nullable=False),
        sa.Column("trade", sa.Text(), nullable=False),
        sa.Column("keywords", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("unit_price >= 0", name="unit_price"),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("owner_id", "code", postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("particulier_id", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("surface_m2", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("requirements", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
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
        sa.UniqueConstraint("session_id"),
    )
    op.create_index(op.f("ix_projects_artisan_id"), "projects", ["artisan_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_projects_editor_id"), "projects", ["editor_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_projects_particulier_id"), "projects", ["particulier_id"], unique=False)
    protect(
        "pre_quotes",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'conseiller' THEN (app_account() = editor_id OR app_account() = artisan_id) WHEN app_kind() = 'user' AND app_role() = 'particulier' THEN particulier_id = app_user() ELSE false END",
        write="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END",
        insert="(app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END) AND (app_staff() OR app_sees_session(session_id, editor_id, artisan_id, particulier_id))",
    )
    protect(
        "price_items",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN (owner_id IS NULL OR owner_id IN (app_editor(), app_artisan())) WHEN app_kind() = 'system' THEN (owner_id IS NULL OR owner_id IN (app_editor(), app_artisan())) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN (owner_id IS NULL OR owner_id = app_account()) WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN (owner_id IS NULL OR owner_id = app_account()) ELSE false END",
        write="app_staff() OR (app_kind() = 'user' AND app_role() IN ('editeur', 'artisan') AND owner_id = app_account())",
    )
    protect(
        "projects",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'conseiller' THEN (app_account() = editor_id OR app_account() = artisan_id) WHEN app_kind() = 'user' AND app_role() = 'particulier' THEN particulier_id = app_user() ELSE false END",
        write="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END",
        insert="(app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END) AND (app_staff() OR app_sees_session(session_id, editor_id, artisan_id, particulier_id))",
    )
