"""Usage: counters that never drift from the facts, and one log line per model call (003 §9)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import TENANT, Policy, by_role, created, of_session, primary_id, user_ref
from app.extensions import db


class UsageCounter(db.Model):  # type: ignore[name-defined]
    """Sessions and messages of one tenant in one Paris month; changed in the fact's own transaction."""

    __tablename__ = "usage_counters"
    __table_args__ = (
        {
            "info": {
                "rls": Policy(by_role(visitor="(tenant_id = app_tenant())", system="tenant_id", editeur="tenant_id", artisan="tenant_id"))
            }
        },
    )

    tenant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    month: Mapped[str] = mapped_column(Text, primary_key=True, doc="YYYY-MM in Paris.")
    sessions: Mapped[int] = mapped_column(Integer, default=0)
    messages: Mapped[int] = mapped_column(Integer, default=0)


class UsageLog(db.Model):  # type: ignore[name-defined]
    """One call of a model."""

    __tablename__ = "usage_logs"
    __table_args__ = (Index(None, "editor_id", "created_at"), {"info": {"rls": of_session(write=by_role(system=TENANT))}})

    id: Mapped[str] = primary_id("use")
    session_id: Mapped[str | None] = mapped_column(Text, index=True)
    message_id: Mapped[str | None] = mapped_column(Text)
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    particulier_id: Mapped[str | None] = user_ref()
    agent_id: Mapped[str | None] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    prompt_tokens: Mapped[int] = mapped_column(Integer)
    completion_tokens: Mapped[int] = mapped_column(Integer)
    estimated: Mapped[bool] = mapped_column(Boolean)
    latency_ms: Mapped[int] = mapped_column(Integer)
    ttft_ms: Mapped[int | None] = mapped_column(Integer)
    success: Mapped[bool] = mapped_column(Boolean)
    error_class: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = created()
