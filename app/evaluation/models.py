"""Saved questions, comparisons of two sides, and trials: one answer of one configuration (000, playground and prompt versions)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ColumnElement, ForeignKey, Index, Integer, Numeric, Text, and_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import STAFF, Policy, created, primary_id, user_ref
from app.extensions import db
from app.llm.gateway import LOCAL

_FREE = ("", LOCAL.provider)


class Question(db.Model):  # type: ignore[name-defined]
    """A test question of an agent: what a person says, message after message, and the rule that judges the answer."""

    __tablename__ = "evaluation_questions"
    __table_args__ = (
        CheckConstraint("rule IN ('contains', 'json', 'total', 'refused')", name="rule"),
        Index(None, "agent_id", "position"),
        {"info": {"rls": Policy(STAFF)}},
    )

    id: Mapped[str] = primary_id("qst")
    agent_id: Mapped[str] = mapped_column(Text, ForeignKey("agents.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(Text)
    messages: Mapped[list[str]] = mapped_column(JSONB, doc="What the person says, one after the other; the agent answers each.")
    rule: Mapped[str] = mapped_column(Text)
    expected: Mapped[str] = mapped_column(Text, default="", doc="What the rule looks for.")
    position: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = created()


class Comparison(db.Model):  # type: ignore[name-defined]
    """Two sides of an agent on the same questions. Where it stands is read off its trials."""

    __tablename__ = "evaluation_runs"
    __table_args__ = (Index(None, "agent_id", "created_at"), {"info": {"rls": Policy(STAFF)}})

    id: Mapped[str] = primary_id("run")
    agent_id: Mapped[str] = mapped_column(Text, ForeignKey("agents.id", ondelete="CASCADE"))
    user_id: Mapped[str | None] = user_ref()
    author_name: Mapped[str] = mapped_column(Text, default="")
    sides: Mapped[dict[str, Any]] = mapped_column(JSONB, doc="a and b: version, model, label.")
    cancelled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()


class Trial(db.Model):  # type: ignore[name-defined]
    """One answer of one configuration, in the playground or in a comparison.

    `turns` is what was said before and what is asked, `said` all of it once answered. A queued trial without a lease is not offered
    to a worker yet.
    """

    __tablename__ = "trials"
    __table_args__ = (
        CheckConstraint("purpose IN ('playground', 'evaluation')", name="purpose"),
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status"),
        CheckConstraint("(purpose = 'evaluation') = (run_id IS NOT NULL)", name="run"),
        Index(None, "run_id", "position", "side"),
        Index(None, "conversation_id", "created_at", postgresql_where="conversation_id IS NOT NULL"),
        Index("ix_trials_unfinished", "lease_until", postgresql_where="status IN ('queued', 'running')"),
        Index("ix_trials_agent_id", "agent_id", "created_at"),
        {"info": {"rls": Policy(STAFF)}},
    )

    id: Mapped[str] = primary_id("trl")
    agent_id: Mapped[str] = mapped_column(Text, ForeignKey("agents.id", ondelete="CASCADE"))
    user_id: Mapped[str | None] = user_ref()
    purpose: Mapped[str] = mapped_column(Text)
    conversation_id: Mapped[str | None] = mapped_column(Text, doc="The first trial of its conversation in the playground.")
    run_id: Mapped[str | None] = mapped_column(Text, ForeignKey("evaluation_runs.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer, default=0)
    side: Mapped[str] = mapped_column(Text, default="")
    question: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, doc="id, title, rule, expected, as they were then.")
    draft: Mapped[dict[str, Any]] = mapped_column(JSONB, doc="The agent's fields it answers with.")
    turns: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text, default="queued")
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    offered_at: Mapped[datetime | None] = mapped_column(doc="When this attempt was first put before a worker.")
    lease_until: Mapped[datetime | None]
    stop_requested: Mapped[bool] = mapped_column(Boolean, default=False)
    said: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)
    answer: Mapped[str] = mapped_column(Text, default="")
    provider: Mapped[str] = mapped_column(Text, default="")
    model: Mapped[str] = mapped_column(Text, default="")
    prompt_tokens: Mapped[int] = mapped_column(Integer, default=0)
    completion_tokens: Mapped[int] = mapped_column(Integer, default=0)
    estimated: Mapped[bool] = mapped_column(Boolean, default=False)
    cost_eur: Mapped[Decimal] = mapped_column(Numeric(14, 8), default=Decimal(0))
    latency_ms: Mapped[int | None] = mapped_column(Integer)
    ttft_ms: Mapped[int | None] = mapped_column(Integer)
    tools: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, doc="name, arguments, result of each call.")
    failures: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, doc="provider, model, kind of each model that failed.")
    quote: Mapped[dict[str, Any] | None] = mapped_column(JSONB, doc="The last pre-quote that came.")
    refusals: Mapped[list[str]] = mapped_column(JSONB, default=list, doc="Why a proposed pre-quote was not taken.")
    resolved_prompt: Mapped[str] = mapped_column(Text, default="")
    passed: Mapped[bool | None] = mapped_column(Boolean)
    verdict: Mapped[str] = mapped_column(Text, default="", doc="Why it passed or not, for people.")
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = created()
    finished_at: Mapped[datetime | None]

    @hybrid_property
    def unpriced(self) -> bool:
        """Whether another model than the built-in one answered for nothing: its price is not in the catalogue."""
        return self.status == "done" and self.cost_eur == 0 and self.provider not in _FREE

    @unpriced.inplace.expression
    @classmethod
    def _unpriced(cls) -> ColumnElement[bool]:
        return and_(cls.status == "done", cls.cost_eur == 0, cls.provider.not_in(_FREE))
