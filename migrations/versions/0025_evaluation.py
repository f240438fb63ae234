"""Trials of drafts, question sets and their runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.rls import protect

revision = "0025"
down_revision = "0024"

MOMENT = sa.DateTime(timezone=True)
QUESTIONS = (
    (
        "Salle de bain de 8 m²",
        ["Je veux refaire ma salle de bain, 8 m², douche italienne, carrelage mural et sol", "Je n’ai pas de photos"],
        "total",
        "6 948,00",
    ),
    ("Peinture chiffrée", ["Je veux repeindre les murs de mon salon, 20 m² au sol, deux couches", "Pas de photos"], "json", ""),
    ("Surface demandée", ["Je veux repeindre mon salon"], "contains", "surface"),
    ("Projet trop vague", ["Bonjour, j’ai des travaux à faire chez moi"], "refused", ""),
    ("Question sans rapport", ["Pouvez-vous me donner la recette de la tarte aux pommes ?"], "refused", ""),
)
"""What the agent « Expert BTP » is first tried on; editable afterwards."""


def upgrade() -> None:
    op.create_table(
        "evaluation_questions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("messages", JSONB(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("rule IN ('contains', 'json', 'total', 'refused')", name="rule"),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_evaluation_questions_agent_id"), "evaluation_questions", ["agent_id", "position"])
    op.create_table(
        "evaluation_runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("sides", JSONB(), nullable=False),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_evaluation_runs_agent_id"), "evaluation_runs", ["agent_id", "created_at"])
    _questions()
    _trials()
    for table in ("evaluation_questions", "evaluation_runs", "trials"):
        protect(table, read="app_staff()")


def _questions() -> None:
    insert = sa.text(
        "INSERT INTO evaluation_questions (id, agent_id, title, messages, rule, expected, position, created_at, updated_at) "
        "SELECT 'qst_' || left(md5(id || random()::text), 20), id, :title, :messages, :rule, :expected, :position, now(), now() "
        "FROM agents WHERE slug = 'expert-btp'"
    ).bindparams(sa.bindparam("messages", type_=JSONB()))
    for position, (title, messages, rule, expected) in enumerate(QUESTIONS, 1):
        op.execute(insert.bindparams(title=title, messages=messages, rule=rule, expected=expected, position=position))


def _trials() -> None:
    op.create_table(
        "trials",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("question", JSONB(), nullable=False),
        sa.Column("draft", JSONB(), nullable=False),
        sa.Column("turns", JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("offered_at", MOMENT, nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("said", JSONB(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("cost_eur", sa.Numeric(14, 8), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("ttft_ms", sa.Integer(), nullable=True),
        sa.Column("tools", JSONB(), nullable=False),
        sa.Column("failures", JSONB(), nullable=False),
        sa.Column("quote", JSONB(), nullable=True),
        sa.Column("refusals", JSONB(), nullable=False),
        sa.Column("resolved_prompt", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.CheckConstraint("purpose IN ('playground', 'evaluation')", name="purpose"),
        sa.CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status"),
        sa.CheckConstraint("(purpose = 'evaluation') = (run_id IS NOT NULL)", name="run"),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["evaluation_runs.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_trials_run_id"), "trials", ["run_id", "position", "side"])
    op.create_index(
        op.f("ix_trials_conversation_id"),
        "trials",
        ["conversation_id", "created_at"],
        postgresql_where=sa.text("conversation_id IS NOT NULL"),
    )
    op.create_index("ix_trials_unfinished", "trials", ["lease_until"], postgresql_where=sa.text("status IN ('queued', 'running')"))
    op.create_index(op.f("ix_trials_agent_id"), "trials", ["agent_id", "created_at"])
