"""Links, sessions, secrets and messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import protect

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "session_links",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("editor_link_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("recipient_name", sa.Text(), nullable=True),
        sa.Column("recipient_email", sa.Text(), nullable=True),
        sa.Column("recipient_phone", sa.Text(), nullable=True),
        sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["artisan_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployments.id"],
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["editor_link_id"],
            ["editor_links.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_session_links_artisan_id"), "session_links", ["artisan_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_session_links_editor_id"), "session_links", ["editor_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_session_links_session_id"), "session_links", ["session_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("particulier_id", sa.Text(), nullable=True),
        sa.Column("editor_link_id", sa.Text(), nullable=True),
        sa.Column("link_id", sa.Text(), nullable=True),
        sa.Column("artisan_name", sa.Text(), nullable=False),
        sa.Column("editor_name", sa.Text(), nullable=False),
        sa.Column("deployment_name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("completed_reason", sa.Text(), nullable=True),
        sa.Column("visitor_name", sa.Text(), nullable=True),
        sa.Column("visitor_email", sa.Text(), nullable=True),
        sa.Column("visitor_phone", sa.Text(), nullable=True),
        sa.Column("visitor_email_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("untrusted_context", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("messages_count", sa.Integer(), nullable=False),
        sa.Column("files_count", sa.Integer(), nullable=False),
        sa.Column("tokens_used", sa.Integer(), nullable=False),
        sa.Column("total_ttc", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("contact_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('open', 'completed', 'expired', 'deleted')", name="status"),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agents.id"],
        ),
        sa.ForeignKeyConstraint(
            ["artisan_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployments.id"],
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["editor_link_id"],
            ["editor_links.id"],
        ),
        sa.ForeignKeyConstraint(
            ["particulier_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("link_id"),
    )
    op.create_index(op.f("ix_sessions_artisan_id"), "sessions", ["artisan_id", "last_activity_at", "id"], unique=False)
    op.create_index(op.f("ix_sessions_editor_id"), "sessions", ["editor_id", "last_activity_at", "id"], unique=False)
    op.create_index("ix_sessions_idle", "sessions", ["last_activity_at"], unique=False, postgresql_where="status = 'open'")
    op.create_index(op.f("ix_sessions_last_activity_at"), "sessions", ["last_activity_at", "id"], unique=False)
    op.create_index(op.f("ix_sessions_particulier_id"), "sessions", ["particulier_id", "last_activity_at", "id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("particulier_id", sa.Text(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("client_message_id", sa.Text(), nullable=True),
        sa.Column("reply_to", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sender IN ('visitor', 'agent', 'artisan', 'system')", name="sender"),
        sa.CheckConstraint("status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')", name="status"),
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
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("session_id", "client_message_id"),
    )
    op.create_index(op.f("ix_messages_reply_to"), "messages", ["reply_to"], unique=False)
    op.create_index(op.f("ix_messages_session_id"), "messages", ["session_id", "position"], unique=False)
    op.create_index(
        "ix_messages_unfinished", "messages", ["lease_until"], unique=False, postgresql_where="status IN ('queued', 'processing')"
    )
    op.create_table(
        "session_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("particulier_id", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_index(op.f("ix_session_tokens_session_id"), "session_tokens", ["session_id"], unique=False)
    protect(
        "session_links",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN (id = app_link()) WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() ELSE false END",
        insert="app_staff() OR CASE WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN (editor_id = app_account() AND app_sees_deployment(deployment_id) AND app_sees_tie(editor_link_id, editor_id, artisan_id)) WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN (artisan_id = app_account() AND CASE WHEN editor_id IS NULL THEN app_sees_deployment(deployment_id) ELSE app_sees_tie(editor_link_id, editor_id, artisan_id) END) ELSE false END",
        delete="app_staff()",
    )
    protect(
        "sessions",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'conseiller' THEN (app_account() = editor_id OR app_account() = artisan_id) WHEN app_kind() = 'user' AND app_role() = 'particulier' THEN particulier_id = app_user() ELSE false END",
        write="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'conseiller' THEN (app_account() = editor_id OR app_account() = artisan_id) ELSE false END",
        insert="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN (id = app_session() AND deployment_id = app_deployment() AND editor_id IS NOT DISTINCT FROM app_editor() AND artisan_id IS NOT DISTINCT FROM app_artisan() AND link_id IS NOT DISTINCT FROM app_link() AND editor_link_id IS NOT DISTINCT FROM app_tie() AND particulier_id IS NULL) ELSE false END",
        delete="app_staff()",
    )
    protect(
        "messages",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'conseiller' THEN (app_account() = editor_id OR app_account() = artisan_id) WHEN app_kind() = 'user' AND app_role() = 'particulier' THEN particulier_id = app_user() ELSE false END",
        write="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'conseiller' THEN (app_account() = editor_id OR app_account() = artisan_id) ELSE false END",
        insert="(app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() WHEN app_kind() = 'user' AND app_role() = 'conseiller' THEN (app_account() = editor_id OR app_account() = artisan_id) ELSE false END) AND (app_staff() OR app_sees_session(session_id, editor_id, artisan_id, particulier_id))",
        delete="app_staff()",
    )
    protect(
        "session_tokens",
        read="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END",
        write="app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END",
        insert="(app_staff() OR CASE WHEN app_kind() = 'visitor' THEN session_id = app_session() WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) ELSE false END) AND (app_staff() OR app_sees_session(session_id, editor_id, artisan_id, particulier_id))",
    )
