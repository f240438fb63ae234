"""Deployments and allowed domains."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import protect

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "deployments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("config_overlay", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("branding", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rate_limit_per_ip", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("mode IN ('shared', 'dedicated')", name="mode"),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agents.id"],
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("agent_id", "editor_id", "name", postgresql_nulls_not_distinct=True),
        sa.UniqueConstraint("id", "editor_id"),
    )
    op.create_index(op.f("ix_deployments_editor_id"), "deployments", ["editor_id"], unique=False)
    op.create_table(
        "allowed_domains",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("is_wildcard", sa.Boolean(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("environment IN ('production', 'staging', 'development', 'localhost')", name="environment"),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployments.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["deployment_id", "editor_id"],
            ["deployments.id", "deployments.editor_id"],
            name="fk_allowed_domains_deployment_of_editor",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("deployment_id", "host", "port", "is_wildcard", postgresql_nulls_not_distinct=True),
    )
    protect(
        "deployments",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN (id = app_deployment()) WHEN app_kind() = 'system' THEN (editor_id IS NOT DISTINCT FROM app_editor()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN (editor_id IS NULL) ELSE false END",
        write="app_staff() OR (app_kind() = 'user' AND app_role() = 'editeur' AND editor_id = app_account())",
    )
    protect(
        "allowed_domains",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN (deployment_id = app_deployment()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() ELSE false END",
        write="app_staff() OR CASE WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN (editor_id = app_account() AND app_sees_deployment(deployment_id)) ELSE false END",
    )
