"""What the platform keeps to itself of agents and providers goes to tables of its own: prompts, servers, notes, headers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.rls import protect

revision = "0028"
down_revision = "0027"

PRIVATE = "system_prompt, ollama_host, ollama_port, extra"
READ = "app_kind() = 'system' OR app_staff()"
STAFF = "app_staff()"


def upgrade() -> None:
    op.create_table(
        "agent_private",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("ollama_host", sa.Text(), nullable=True),
        sa.Column("ollama_port", sa.Integer(), nullable=True),
        sa.Column("extra", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_agent_private_agent_id_agents"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agent_private")),
    )
    protect("agent_private", read=READ, write=STAFF)
    op.execute(f"INSERT INTO agent_private (agent_id, {PRIVATE}) SELECT id, {PRIVATE} FROM agents")
    for column in PRIVATE.split(", "):
        op.drop_column("agents", column)
    op.create_table(
        "provider_private",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("api_headers", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_provider_private_provider_id_providers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_provider_private")),
    )
    protect("provider_private", read=READ, write=STAFF)
    op.execute("INSERT INTO provider_private (provider_id, api_headers) SELECT id, api_headers FROM providers")
    op.drop_column("providers", "api_headers")
