"""Master configurations of agents (000; 003 §3.5, §12.2)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, Boolean, CheckConstraint, ForeignKey, Index, Integer, Numeric, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.tables import STAFF, Policy, by_role, created, primary_id, user_ref
from app.extensions import db


class AgentPrivate(db.Model):  # type: ignore[name-defined]
    """What the platform keeps to itself of an agent: read by staff and by the jobs that answer, one row for each agent."""

    __tablename__ = "agent_private"
    __table_args__ = ({"info": {"rls": Policy("app_kind() = 'system' OR app_staff()", write=STAFF)}},)

    agent_id: Mapped[str] = mapped_column(Text, ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    system_prompt: Mapped[str] = mapped_column(Text)
    ollama_host: Mapped[str | None] = mapped_column(Text, doc="A model server of the platform's own for this agent.")
    ollama_port: Mapped[int | None] = mapped_column(Integer)
    extra: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, doc="What the platform notes about it (000, metadata).")


PRIVATE = tuple(column.key for column in AgentPrivate.__table__.columns if not column.primary_key)


class _OfPrivate:
    """A column of `AgentPrivate`, of the same name. SQLAlchemy's own proxy gives None where the row may not be read: this raises."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, agent: Agent | None, owner: type) -> Any:
        return self if agent is None else getattr(agent.private, self._name)

    def __set__(self, agent: Agent, value: Any) -> None:
        setattr(agent.private, self._name, value)


class Agent(db.Model):  # type: ignore[name-defined]
    """An agent of the platform. Everybody who may run it reads it; staff writes it.

    What it is told, and where, is `private` (the columns of `AgentPrivate`, here too by their names): whoever may not read that has an
    agent without it, and asking is a mistake.
    """

    __tablename__ = "agents"
    __table_args__ = (
        CheckConstraint("deployment_mode IN ('internal', 'shared', 'dedicated')", name="deployment_mode"),
        CheckConstraint("category IN ('content', 'image', 'video', 'audio', 'chat', 'analysis')", name="category"),
        CheckConstraint(
            "temperature BETWEEN 0 AND 2 AND top_p BETWEEN 0 AND 1 "
            "AND frequency_penalty BETWEEN -2 AND 2 AND presence_penalty BETWEEN -2 AND 2",
            name="numbers",
        ),
        CheckConstraint("archived_at IS NULL OR NOT is_active", name="archived"),
        {"info": {"rls": Policy("app_kind() <> 'door'", write="app_staff()")}},
    )

    id: Mapped[str] = primary_id("agt")
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    category: Mapped[str] = mapped_column(Text, default="chat")
    icon: Mapped[str] = mapped_column(Text, default="robot", doc="A name of app/static/icons.txt, or an emoji.")
    color: Mapped[str] = mapped_column(Text, default="#24518f")
    model: Mapped[str] = mapped_column(Text, default="inherit")
    fallback_model: Mapped[str | None] = mapped_column(Text, doc="Tried when the model fails, before the platform's own.")
    temperature: Mapped[Decimal] = mapped_column(Numeric(3, 2), default=Decimal("0.3"))
    top_p: Mapped[Decimal] = mapped_column(Numeric(3, 2), default=Decimal("1"))
    frequency_penalty: Mapped[Decimal] = mapped_column(Numeric(3, 2), default=Decimal("0"))
    presence_penalty: Mapped[Decimal] = mapped_column(Numeric(3, 2), default=Decimal("0"))
    max_tokens: Mapped[int] = mapped_column(Integer, default=1500)
    context_window: Mapped[int] = mapped_column(Integer, default=20, doc="Messages of history sent to the model.")
    tools: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    output_schemas: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, doc="Structured outputs that it may give (003 §15.2 F).")
    supports_images: Mapped[bool] = mapped_column(Boolean, default=False)
    supports_audio: Mapped[bool] = mapped_column(Boolean, default=False)
    supports_video: Mapped[bool] = mapped_column(Boolean, default=False)
    supports_tools: Mapped[bool] = mapped_column(Boolean, default=False)
    collection: Mapped[str | None] = mapped_column(Text, doc="The collection of documents that all its deployments read.")
    default_branding: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    is_public: Mapped[bool] = mapped_column(Boolean, default=False, doc="Any editor may deploy it.")
    is_whitelabel_enabled: Mapped[bool] = mapped_column(Boolean, default=False, doc="Editors may deploy it, under their brand.")
    deployment_mode: Mapped[str] = mapped_column(
        Text, default="internal", doc="What its deployments may be; internal: the platform's only."
    )
    whitelabel_config: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, doc="What a deployment may change (003 §3.5).")
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    archived_at: Mapped[datetime | None] = mapped_column(doc="Put away: out of service, in no list, kept for what refers to it.")
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, doc="When its settings or its prompt were last changed.")
    private: Mapped[AgentPrivate] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    system_prompt, ollama_host, ollama_port, extra = _OfPrivate(), _OfPrivate(), _OfPrivate(), _OfPrivate()

    def __init__(self, **values: Any) -> None:
        self.private = AgentPrivate()
        super().__init__(**values)


class AgentGrant(db.Model):  # type: ignore[name-defined]
    """An editor may deploy an agent that is not public, or finds it under another name and with another prompt (000, tenant_assistants)."""

    __tablename__ = "agent_grants"
    __table_args__ = ({"info": {"rls": Policy(by_role(system="(editor_id = app_editor())", editeur="editor_id"), write=STAFF)}},)

    agent_id: Mapped[str] = mapped_column(Text, ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    editor_id: Mapped[str] = mapped_column(Text, ForeignKey("users.id"), primary_key=True, index=True)
    name: Mapped[str] = mapped_column(Text, default="", doc="What this editor's deployments call it; empty: its own name.")
    prompt_override: Mapped[str] = mapped_column(Text, default="", doc="In place of its prompt, for this editor.")
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    allow_own_keys: Mapped[bool] = mapped_column(Boolean, default=False, doc="The editor's own provider key may answer for it.")
    created_at: Mapped[datetime] = created()


class PromptVersion(db.Model):  # type: ignore[name-defined]
    """A system prompt as it was saved, with its author and note. Never changed afterwards, except for which one is active."""

    __tablename__ = "prompt_versions"
    __table_args__ = (
        UniqueConstraint("agent_id", "version"),
        Index("ix_prompt_versions_active", "agent_id", unique=True, postgresql_where=text("is_active")),
        {"info": {"rls": Policy(STAFF, delete="false")}},
    )

    id: Mapped[str] = primary_id("pv")
    agent_id: Mapped[str] = mapped_column(Text, ForeignKey("agents.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(Integer)
    system_prompt: Mapped[str] = mapped_column(Text)
    author_id: Mapped[str | None] = user_ref()
    author_name: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    is_active: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = created()
