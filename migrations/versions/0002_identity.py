"""People, roles, links, keys and single-use tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import protect

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "permissions",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("slug"),
    )
    op.create_table(
        "roles",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("portal", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("slug"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=True),
        sa.Column("company_info", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("branding", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('invited', 'active', 'suspended')", name="status"),
        sa.CheckConstraint("email = lower(email)", name="email_lower"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('key', 'token')", name="kind"),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["role"],
            ["roles.slug"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_index(op.f("ix_api_keys_owner_id"), "api_keys", ["owner_id"], unique=False)
    op.create_table(
        "editor_links",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("invited_email", sa.Text(), nullable=False),
        sa.Column("artisan_name", sa.Text(), nullable=False),
        sa.Column("artisan_phone", sa.Text(), nullable=True),
        sa.Column("editor_name", sa.Text(), nullable=False),
        sa.Column("branding", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("permissions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invite_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'active', 'refused', 'detached')", name="status"),
        sa.ForeignKeyConstraint(
            ["artisan_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("artisan_id", "editor_id"),
        sa.UniqueConstraint("editor_id", "external_id"),
    )
    op.create_index(op.f("ix_editor_links_editor_id"), "editor_links", ["editor_id", "created_at", "id"], unique=False)
    op.create_table(
        "role_assignments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assigned_by", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assigned_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["on_behalf_of"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["role"],
            ["roles.slug"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.CheckConstraint("on_behalf_of IS NULL OR role IN ('validator', 'metreur', 'conseiller')", name="on_behalf_of"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "role", "on_behalf_of", postgresql_nulls_not_distinct=True),
    )
    op.create_index(op.f("ix_role_assignments_on_behalf_of"), "role_assignments", ["on_behalf_of"], unique=False)
    op.create_table(
        "role_permissions",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["permission"],
            ["permissions.slug"],
        ),
        sa.ForeignKeyConstraint(
            ["role"],
            ["roles.slug"],
        ),
        sa.PrimaryKeyConstraint("role", "permission"),
    )
    op.create_table(
        "single_use_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_index(op.f("ix_single_use_tokens_user_id"), "single_use_tokens", ["user_id"], unique=False)
    op.create_table(
        "user_passwords",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id"),
    )
    protect(
        "users",
        read="app_staff() OR CASE WHEN app_kind() = 'user' THEN id = app_user() OR id = app_account() WHEN app_kind() IN ('visitor', 'system') THEN id = app_editor() OR id = app_artisan() ELSE false END",
        write="app_staff() OR (app_kind() = 'user' AND id = app_user())",
        delete="app_staff()",
    )
    protect(
        "api_keys",
        read="app_staff() OR (app_kind() = 'user' AND owner_id = app_account())",
        write="app_staff() OR (app_kind() = 'user' AND owner_id = app_account() AND (role = app_role() OR owner_id = app_user()))",
        insert="app_staff() OR (app_kind() = 'user' AND owner_id = app_account() AND role = app_role() AND made_by = app_user())",
    )
    protect(
        "editor_links",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN (id = app_tie()) WHEN app_kind() = 'system' THEN editor_id = app_tenant() WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() ELSE false END",
        write="app_staff() OR CASE WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() ELSE false END",
        insert="app_staff() OR CASE WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN (editor_id = app_account() AND artisan_id IS NULL AND status = 'pending') ELSE false END",
        delete="app_staff()",
    )
    protect(
        "role_assignments",
        read="app_staff() OR (app_kind() = 'user' AND (user_id = app_user() OR on_behalf_of = app_account()))",
        write="app_staff() OR (app_kind() = 'user' AND app_role() IN ('editeur', 'artisan') AND on_behalf_of = app_account() AND role IN ('validator', 'metreur', 'conseiller'))",
    )
    protect(
        "single_use_tokens",
        read="app_staff()",
        insert="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN (purpose = 'magic' AND user_id IS NULL AND payload ->> 'session_id' = app_session()) ELSE false END OR (app_kind() = 'user' AND purpose = 'email-change' AND user_id = app_user())",
    )
    protect(
        "user_passwords",
        read="app_staff() OR (app_kind() = 'user' AND user_id = app_user())",
    )
