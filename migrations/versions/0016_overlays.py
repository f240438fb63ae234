"""Agents as masters, grants to editors, versions of overlays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import once, protect

revision = "0016"
down_revision = "0015"

OF_EDITOR = "app_kind() = 'user' AND app_role() = 'editeur'"
OWN_VERSION = "(editor_id = app_account() AND app_sees_deployment(deployment_id) AND COALESCE(author_id, app_user()) = app_user())"
HOSTS = ("ollama_host", "ollama_port")


def upgrade() -> None:
    _agents()
    _grants()
    _versions()
    _deployments()


def _agents() -> None:
    op.add_column("agents", sa.Column("fallback_model", sa.Text(), nullable=True))
    op.add_column("agents", sa.Column("is_whitelabel_enabled", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("agents", sa.Column("deployment_mode", sa.Text(), server_default="internal", nullable=False))
    op.add_column("agents", sa.Column("whitelabel_config", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False))
    op.create_check_constraint("deployment_mode", "agents", "deployment_mode IN ('internal', 'shared', 'dedicated')")
    # What editors could deploy, they still can; what deployments could replace, the two first agents allow.
    op.execute("UPDATE agents SET is_whitelabel_enabled = true, deployment_mode = 'shared' WHERE is_public")
    op.execute(
        "UPDATE agents a SET is_whitelabel_enabled = true, deployment_mode = 'dedicated', "
        'whitelabel_config = \'{"allow_prompt_override": true, "allow_rag_override": true, "allow_model_override": true}\' '
        "WHERE EXISTS (SELECT 1 FROM deployments d WHERE d.agent_id = a.id AND d.mode = 'dedicated')"
    )
    for column in ("is_whitelabel_enabled", "deployment_mode", "whitelabel_config"):
        op.alter_column("agents", column, server_default=None)


def _grants() -> None:
    op.create_table(
        "agent_grants",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prompt_override", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("agent_id", "editor_id"),
    )
    op.create_index(op.f("ix_agent_grants_editor_id"), "agent_grants", ["editor_id"])
    protect(
        "agent_grants",
        read="app_staff() OR CASE WHEN app_kind() = 'system' THEN (editor_id = app_editor()) "
        f"WHEN {OF_EDITOR} THEN editor_id = app_account() ELSE false END",
        write="app_staff()",
    )


def _versions() -> None:
    op.create_table(
        "overlay_versions",
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("overlay", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployments.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["deployment_id", "editor_id"],
            ["deployments.id", "deployments.editor_id"],
            name="fk_overlay_versions_deployment_of_editor",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"]),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("deployment_id", "number"),
    )
    protect(
        "overlay_versions",
        read=f"app_staff() OR CASE WHEN {OF_EDITOR} THEN editor_id = app_account() ELSE false END",
        write="false",
        insert=f"app_staff() OR CASE WHEN {OF_EDITOR} THEN {OWN_VERSION} ELSE false END",
    )


def _deployments() -> None:
    op.execute(
        "CREATE FUNCTION app_may_deploy(wanted text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN "
        "RETURN EXISTS (SELECT 1 FROM agents a WHERE a.id = wanted AND a.is_active AND a.is_whitelabel_enabled "
        "AND a.deployment_mode <> 'internal' AND (a.is_public OR EXISTS (SELECT 1 FROM agent_grants g "
        "WHERE g.agent_id = a.id AND g.editor_id = app_account() AND g.enabled))); END $$"
    )
    insert = once(f"app_staff() OR ({OF_EDITOR} AND editor_id = app_account() AND app_may_deploy(agent_id))")
    op.execute("DROP POLICY deployments_insert ON deployments")
    op.execute(f"CREATE POLICY deployments_insert ON deployments FOR INSERT WITH CHECK ({insert})")
    # A host that receives conversations is the platform's to name, and a deployment stays the agent's it was made of.
    told = "app_kind() IS NOT NULL AND NOT app_staff()"
    moved = " OR ".join(f"OLD.config_overlay -> '{name}' IS DISTINCT FROM NEW.config_overlay -> '{name}'" for name in HOSTS)
    _refuse("keep_agent", "UPDATE", f"{told} AND (OLD.agent_id IS DISTINCT FROM NEW.agent_id OR {moved})")
    named = ", ".join(f"'{name}'" for name in HOSTS)
    _refuse("name_no_host", "INSERT", f"{told} AND jsonb_exists_any(NEW.config_overlay, ARRAY[{named}])")


def _refuse(name: str, event: str, condition: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON deployments FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse_change()")
