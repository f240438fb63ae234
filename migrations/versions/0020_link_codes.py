"""Link codes, imports of artisans, secrets of signed identities, and what a session and a link remember of their people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import once, protect

revision = "0020"
down_revision = "0019"

OF_EDITOR = "app_staff() OR CASE WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() ELSE false END"
SECRET_READ = (
    "app_staff() OR CASE WHEN app_kind() = 'visitor' THEN (deployment_id = app_deployment()) "
    "WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() ELSE false END"
)
SECRET_WRITE = (
    "app_staff() OR CASE WHEN app_kind() = 'user' AND app_role() = 'editeur' "
    "THEN (editor_id = app_account() AND app_sees_deployment(deployment_id)) ELSE false END"
)
EMAIL_INSERT = (
    "app_staff() OR CASE WHEN app_kind() = 'visitor' THEN (kind IN ('transcript', 'session_code')) ELSE false END "
    "OR (app_kind() = 'user' AND kind IN ('email-change', 'email-changed')) "
    "OR (app_kind() = 'user' AND app_role() IN ('editeur', 'artisan') AND kind = 'session_link')"
)
DOORS = {
    # A code is used by a signed-in artisan only, once: of two at the same moment the second finds it used.
    "door_use_link_code(wanted text[])": (
        "VOLATILE",
        "TABLE (code_id text, editor_id text, external_id text, artisan_name text, permissions jsonb)",
        """
        UPDATE link_codes c SET used_at = now(), used_by = app_account() FROM users e
        WHERE c.hash = ANY (wanted) AND c.used_at IS NULL AND c.revoked_at IS NULL AND c.expires_at > now()
          AND e.id = c.editor_id AND e.status = 'active' AND app_kind() = 'user' AND app_role() = 'artisan'
        RETURNING c.id, c.editor_id, c.external_id, c.artisan_name, c.permissions
        """,
    ),
    # Asked once the signature of the host site was verified: the latest open conversation of this person of its own.
    "door_host_user(wanted_deployment text, wanted_user text)": (
        "STABLE",
        "text",
        """
        SELECT s.id FROM sessions s WHERE s.deployment_id = wanted_deployment AND s.host_user_id = wanted_user
          AND s.status = 'open' AND s.link_id IS NULL ORDER BY s.last_activity_at DESC, s.id LIMIT 1
        """,
    ),
}


def upgrade() -> None:
    _link_codes()
    _imports()
    _identity()
    for signature, (stability, returns, body) in DOORS.items():
        op.execute(
            f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE sql {stability} SECURITY DEFINER "
            f"SET search_path = pg_catalog, public AS $$ {body} $$"
        )


def _link_codes() -> None:
    op.create_table(
        "link_codes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("artisan_name", sa.Text(), nullable=False),
        sa.Column("permissions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"]),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["used_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_index(op.f("ix_link_codes_editor_id"), "link_codes", ["editor_id", "created_at", "id"])
    protect("link_codes", read=OF_EDITOR)


def _imports() -> None:
    op.create_table(
        "artisan_imports",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("invite", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('draft', 'running', 'done', 'stopped')", name="status"),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"]),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("id", "editor_id"),
    )
    op.create_index(op.f("ix_artisan_imports_editor_id"), "artisan_imports", ["editor_id", "created_at", "id"])
    op.create_index("ix_artisan_imports_running", "artisan_imports", ["touched_at"], postgresql_where=sa.text("status = 'running'"))
    op.create_table(
        "artisan_import_lines",
        sa.Column("import_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('wrong', 'ready', 'proposed', 'updated', 'known', 'refused')", name="state"),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"]),
        sa.ForeignKeyConstraint(
            ["import_id", "editor_id"],
            ["artisan_imports.id", "artisan_imports.editor_id"],
            name="fk_artisan_import_lines_of_import",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "number"),
    )
    for table in ("artisan_imports", "artisan_import_lines"):
        protect(table, read=OF_EDITOR)


def _identity() -> None:
    op.create_table(
        "identity_secrets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployments.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["deployment_id", "editor_id"],
            ["deployments.id", "deployments.editor_id"],
            name="fk_identity_secrets_deployment_of_editor",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_identity_secrets_deployment_id"), "identity_secrets", ["deployment_id"])
    protect("identity_secrets", read=SECRET_READ, write=SECRET_WRITE)
    op.add_column("sessions", sa.Column("host_user_id", sa.Text(), nullable=True))
    op.create_index(
        "ix_sessions_host_user", "sessions", ["deployment_id", "host_user_id"], postgresql_where=sa.text("host_user_id IS NOT NULL")
    )
    op.add_column("session_links", sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True))
    # An editor or an artisan sends a link to its recipient.
    op.execute("DROP POLICY emails_insert ON emails")
    op.execute(f"CREATE POLICY emails_insert ON emails FOR INSERT WITH CHECK ({once(EMAIL_INSERT)})")
