"""What content assistants produced, kept, tagged and searchable (000, conclusion: « bibliothèque de contenu »)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Integer, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import TENANT, Policy, by_role, created, primary_id, user_ref
from app.extensions import db


class Content(db.Model):  # type: ignore[name-defined]
    """One thing that an assistant wrote: for an editor, an artisan, or the platform (neither), on a brief or in a conversation."""

    __tablename__ = "contents"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", name="status"),
        Index(None, "editor_id", "created_at", "id"),
        Index(None, "artisan_id", "created_at", "id"),
        Index("ix_contents_unfinished", "lease_until", postgresql_where="status IN ('queued', 'running')"),
        {"info": {"rls": Policy(by_role(system=TENANT, editeur="editor_id", artisan="artisan_id"))}},
    )

    id: Mapped[str] = primary_id("cnt")
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    author_id: Mapped[str | None] = user_ref()
    agent_id: Mapped[str] = mapped_column(Text, ForeignKey("agents.id"))
    agent_name: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text, doc="The agent's category then.")
    message_id: Mapped[str | None] = mapped_column(Text, unique=True, doc="The reply it comes from, when it was made in a conversation.")
    session_id: Mapped[str | None] = mapped_column(Text)
    brief: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text, default="")
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    search: Mapped[str] = mapped_column(Text, default="", doc="Title, brief, body and tags, folded.")
    status: Mapped[str] = mapped_column(Text, default="queued")
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text, default="")
    tokens: Mapped[int] = mapped_column(Integer, default=0)
    cost_eur: Mapped[Decimal] = mapped_column(Numeric(14, 8), default=Decimal(0))
    latency_ms: Mapped[int | None] = mapped_column(Integer)
    deleted_at: Mapped[datetime | None] = mapped_column(doc="Put away; for good after 30 days.")
    created_at: Mapped[datetime] = created()
