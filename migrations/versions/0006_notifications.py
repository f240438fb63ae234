"""Notifications, preferences and e-mails."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import protect

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "emails",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('queued', 'sending', 'sent', 'failed', 'outbox')", name="status"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_emails_created_at"), "emails", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_emails_session_id"), "emails", ["session_id"], unique=False)
    op.create_index(op.f("ix_emails_status"), "emails", ["status", "next_at"], unique=False)
    op.create_table(
        "notification_preferences",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by_email", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "kind"),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_notifications_user_id"), "notifications", ["user_id", "created_at", "id"], unique=False)
    protect(
        "emails",
        read="app_staff()",
        insert="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN (kind IN ('transcript', 'session_code')) ELSE false END OR (app_kind() = 'user' AND kind IN ('email-change', 'email-changed'))",
    )
    protect(
        "notification_preferences",
        read="app_staff() OR (app_kind() = 'user' AND user_id = app_user())",
    )
    protect(
        "notifications",
        read="app_staff() OR (app_kind() = 'user' AND user_id = app_user())",
        insert="app_staff() OR (app_kind() = 'user' AND user_id = app_user()) OR (app_kind() IN ('visitor', 'system', 'user') AND user_id IN (app_editor(), app_artisan(), app_account()))",
    )
