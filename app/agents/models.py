"""Master configurations of agents (000; 003 §3.5, §12.2)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, Boolean, CheckConstraint, ForeignKey, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import STAFF, Policy, by_role, created, primary_id
from app.extensions import db


class Agent(db.Model):  # type: ignore[name-defined]
    """An agent of the platform. Everybody who may run it reads it; staff writes it."""

    __tablename__ = "agents"
    __table_args__ = (
        CheckConstraint("deployment_mode IN ('internal', 'shared', 'dedicated')", name="deployment_mode"),
        {"info": {"rls": Policy("app_kind() <> 'door'", write="app_staff()")}},
    )

    id: Mapped[str] = primary_id("agt")
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    system_prompt: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text, default="inherit")
    fallback_model: Mapped[str | None] = mapped_column(Text, doc="Tried when the model fails, before the platform's own.")
    temperature: Mapped[Decimal] = mapped_column(Numeric(3, 2), default=Decimal("0.3"))
    max_tokens: Mapped[int] = mapped_column(Integer, default=1500)
    context_window: Mapped[int] = mapped_column(Integer, default=20, doc="Messages of history sent to the model.")
    tools: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    default_branding: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    is_public: Mapped[bool] = mapped_column(Boolean, default=False, doc="Any editor may deploy it.")
    is_whitelabel_enabled: Mapped[bool] = mapped_column(Boolean, default=False, doc="Editors may deploy it, under their brand.")
    deployment_mode: Mapped[str] = mapped_column(
        Text, default="internal", doc="What its deployments may be; internal: the platform's only."
    )
    whitelabel_config: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, doc="What a deployment may change (003 §3.5).")
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = created()


class AgentGrant(db.Model):  # type: ignore[name-defined]
    """An editor may deploy an agent that is not public, or finds it under another name and with another prompt (000, tenant_assistants)."""

    __tablename__ = "agent_grants"
    __table_args__ = ({"info": {"rls": Policy(by_role(system="(editor_id = app_editor())", editeur="editor_id"), write=STAFF)}},)

    agent_id: Mapped[str] = mapped_column(Text, ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    editor_id: Mapped[str] = mapped_column(Text, ForeignKey("users.id"), primary_key=True, index=True)
    name: Mapped[str] = mapped_column(Text, default="", doc="What this editor's deployments call it; empty: its own name.")
    prompt_override: Mapped[str] = mapped_column(Text, default="", doc="In place of its prompt, for this editor.")
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = created()
