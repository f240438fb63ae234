"""Events, endpoints, deliveries and attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rls import protect

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('queued', 'running', 'success', 'failed')", name="status"),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("event_id", "endpoint_id"),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["next_at"], unique=False, postgresql_where="status IN ('queued', 'running')")
    op.create_index(op.f("ix_deliveries_editor_id"), "deliveries", ["editor_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_deliveries_endpoint_id"), "deliveries", ["endpoint_id", "created_at", "id"], unique=False)
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("response_excerpt", sa.Text(), nullable=True),
        sa.Column("sent_headers", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_delivery_attempts_delivery_id"), "delivery_attempts", ["delivery_id", "number"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("particulier_id", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
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
    op.create_index(op.f("ix_events_editor_id"), "events", ["editor_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_events_session_id"), "events", ["session_id"], unique=False)
    op.create_index("ix_events_undispatched", "events", ["created_at"], unique=False, postgresql_where="dispatched_at IS NULL")
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("events", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("retry_count", sa.Integer(), nullable=False),
        sa.Column("timeout_ms", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_triggered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Text(), nullable=True),
        sa.Column("failure_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_webhook_endpoints_editor_id"), "webhook_endpoints", ["editor_id"], unique=False)
    protect(
        "deliveries",
        read="app_staff() OR CASE WHEN app_kind() = 'system' THEN editor_id = app_tenant() WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() ELSE false END",
    )
    protect(
        "delivery_attempts",
        read="app_staff() OR CASE WHEN app_kind() = 'system' THEN editor_id = app_tenant() WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() ELSE false END",
    )
    protect(
        "events",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'conseiller' THEN (app_account() = editor_id OR app_account() = artisan_id) WHEN app_kind() = 'user' AND app_role() = 'particulier' THEN particulier_id = app_user() ELSE false END",
        write="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END",
        insert="(app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END) AND (app_staff() OR app_sees_session(session_id, editor_id, artisan_id, particulier_id))",
    )
    protect(
        "webhook_endpoints",
        read="app_staff() OR CASE WHEN app_kind() = 'system' THEN editor_id = app_tenant() WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() ELSE false END",
    )
