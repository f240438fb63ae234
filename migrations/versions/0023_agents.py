"""Everything an agent is, the versions of its prompt, and the agents that every installation begins with."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.agents_0023 import PRESETS
from migrations.rls import protect

revision = "0023"
down_revision = "0022"

CATEGORIES = "category IN ('content', 'image', 'video', 'audio', 'chat', 'analysis')"
NUMBERS = (
    "temperature BETWEEN 0 AND 2 AND top_p BETWEEN 0 AND 1 AND frequency_penalty BETWEEN -2 AND 2 AND presence_penalty BETWEEN -2 AND 2"
)
COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("category", sa.Text(), "chat"),
    ("top_p", sa.Numeric(3, 2), "1"),
    ("frequency_penalty", sa.Numeric(3, 2), "0"),
    ("presence_penalty", sa.Numeric(3, 2), "0"),
    ("supports_images", sa.Boolean(), "false"),
    ("supports_audio", sa.Boolean(), "false"),
    ("supports_video", sa.Boolean(), "false"),
    ("supports_tools", sa.Boolean(), "false"),
    ("icon", sa.Text(), "robot"),
    ("color", sa.Text(), "#24518f"),
    ("extra", postgresql.JSONB(), "{}"),
    ("output_schemas", sa.ARRAY(sa.Text()), "{}"),
)
OPTIONAL: tuple[tuple[str, Any], ...] = (
    ("ollama_host", sa.Text()),
    ("ollama_port", sa.Integer()),
    ("collection", sa.Text()),
    ("archived_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    _agents()
    op.add_column("agent_grants", sa.Column("allow_own_keys", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("agent_grants", "allow_own_keys", server_default=None)
    _versions()
    _presets()


def _agents() -> None:
    for name, kind, default in COLUMNS:
        op.add_column("agents", sa.Column(name, kind, nullable=False, server_default=default))
        op.alter_column("agents", name, server_default=None)
    for name, kind in OPTIONAL:
        op.add_column("agents", sa.Column(name, kind, nullable=True))
    op.add_column("agents", sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE agents SET updated_at = created_at, supports_tools = tools <> '{}'")
    op.execute("UPDATE agents SET icon = 'tools', color = '#c2451e', supports_images = true WHERE slug = 'expert-btp'")
    op.execute("UPDATE agents SET icon = 'headset' WHERE slug = 'support-client'")
    op.alter_column("agents", "updated_at", nullable=False)
    op.create_check_constraint("category", "agents", CATEGORIES)
    op.create_check_constraint("numbers", "agents", NUMBERS)
    op.create_check_constraint("archived", "agents", "archived_at IS NULL OR NOT is_active")


def _versions() -> None:
    op.create_table(
        "prompt_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("agent_id", "version"),
    )
    op.create_index("ix_prompt_versions_active", "prompt_versions", ["agent_id"], unique=True, postgresql_where=sa.text("is_active"))
    protect("prompt_versions", read="app_staff()", delete="false")
    # What was said stays said; only which version is active changes.
    kept = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in ("agent_id", "version", "system_prompt", "author_id", "note"))
    op.execute(f"CREATE TRIGGER keep_text BEFORE UPDATE ON prompt_versions FOR EACH ROW WHEN ({kept}) EXECUTE FUNCTION refuse_change()")


def _presets() -> None:
    """Once, here: what is changed, archived or renamed afterwards is never made again."""
    insert = sa.text(
        "INSERT INTO agents (id, slug, name, description, category, system_prompt, model, temperature, max_tokens, context_window, top_p, "
        "frequency_penalty, presence_penalty, tools, output_schemas, supports_images, supports_audio, supports_video, supports_tools, icon, color, "
        "extra, default_branding, is_public, is_whitelabel_enabled, deployment_mode, whitelabel_config, is_active, created_at, updated_at) "
        "VALUES (:id, :slug, :name, :description, :category, :system_prompt, :model, :temperature, :max_tokens, 20, 1, "
        "0, 0, :tools, '{}', :supports_images, false, false, :supports_tools, :icon, :color, "
        "'{}', '{}', true, :is_whitelabel_enabled, :deployment_mode, :whitelabel_config, true, now(), now()) ON CONFLICT (slug) DO NOTHING"
    ).bindparams(sa.bindparam("tools", type_=sa.ARRAY(sa.Text())), sa.bindparam("whitelabel_config", type_=postgresql.JSONB()))
    for preset in PRESETS:
        op.execute(insert.bindparams(**preset, supports_tools=bool(preset["tools"])))
    op.execute(
        "INSERT INTO prompt_versions (id, agent_id, version, system_prompt, author_name, note, is_active, created_at) "
        "SELECT 'pv_' || left(md5(id || random()::text), 20), id, 1, system_prompt, '', 'Première version', true, created_at FROM agents"
    )
