"""Links, sessions, their secrets and messages (003 §15.2 B, §17.3; PRODUCT.md, Sessions, Links)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, SmallInteger, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import CONVERSATION, Money, Policy, by_role, created, primary_id, user_ref
from app.extensions import db

SESSION_POLICY = CONVERSATION.replace("session_id = app_session()", "id = app_session()")
LINK_POLICY = by_role(
    visitor="(id = app_link())",
    system="COALESCE(editor_id, artisan_id)",
    editeur="editor_id",
    artisan="artisan_id",
)


class SessionLink(db.Model):  # type: ignore[name-defined]
    """What stands behind `/s/<token>`: one link, one conversation. The token is derived from the id and signed, never stored."""

    __tablename__ = "session_links"
    __table_args__ = (
        Index(None, "editor_id", "created_at", "id"),
        Index(None, "artisan_id", "created_at", "id"),
        {"info": {"rls": Policy(LINK_POLICY)}},
    )

    id: Mapped[str] = primary_id("lnk")
    deployment_id: Mapped[str] = mapped_column(Text, ForeignKey("deployments.id"))
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    editor_link_id: Mapped[str | None] = mapped_column(Text, ForeignKey("editor_links.id"))
    session_id: Mapped[str | None] = mapped_column(Text, index=True)
    recipient_name: Mapped[str | None] = mapped_column(Text)
    recipient_email: Mapped[str | None] = mapped_column(Text)
    recipient_phone: Mapped[str | None] = mapped_column(Text)
    context: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, doc="Given server to server, so trusted.")
    created_by: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()


class Session(db.Model):  # type: ignore[name-defined]
    """A conversation. Names are copied so that each party's lists read only their own rows."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'completed', 'expired', 'deleted')", name="status"),
        Index(None, "editor_id", "last_activity_at", "id"),
        Index(None, "artisan_id", "last_activity_at", "id"),
        Index(None, "particulier_id", "last_activity_at", "id"),
        Index(None, "last_activity_at", "id"),
        Index("ix_sessions_idle", "last_activity_at", postgresql_where="status = 'open'"),
        {"info": {"rls": Policy(SESSION_POLICY)}},
    )

    id: Mapped[str] = primary_id("sess")
    deployment_id: Mapped[str] = mapped_column(Text, ForeignKey("deployments.id"))
    agent_id: Mapped[str] = mapped_column(Text, ForeignKey("agents.id"))
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    particulier_id: Mapped[str | None] = user_ref()
    editor_link_id: Mapped[str | None] = mapped_column(Text, ForeignKey("editor_links.id"))
    link_id: Mapped[str | None] = mapped_column(Text, unique=True)
    artisan_name: Mapped[str] = mapped_column(Text, default="")
    editor_name: Mapped[str] = mapped_column(Text, default="")
    title: Mapped[str] = mapped_column(Text, default="", doc="The project's title once there is one.")
    status: Mapped[str] = mapped_column(Text, default="open")
    completed_reason: Mapped[str | None] = mapped_column(Text)
    visitor_name: Mapped[str | None] = mapped_column(Text)
    visitor_email: Mapped[str | None] = mapped_column(Text)
    visitor_phone: Mapped[str | None] = mapped_column(Text)
    visitor_email_confirmed_at: Mapped[datetime | None]
    context: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    untrusted_context: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, doc="What a host page said; authorises nothing.")
    locale: Mapped[str] = mapped_column(Text, default="fr")
    messages_count: Mapped[int] = mapped_column(Integer, default=0)
    files_count: Mapped[int] = mapped_column(Integer, default=0)
    tokens_used: Mapped[int] = mapped_column(Integer, default=0)
    total_ttc: Mapped[Decimal | None] = mapped_column(Money, doc="Of the last pre-quote.")
    contact_asked_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None] = mapped_column(doc="First message: what quotas count.")
    completed_at: Mapped[datetime | None]
    last_activity_at: Mapped[datetime] = created()
    created_at: Mapped[datetime] = created()


class SessionToken(db.Model):  # type: ignore[name-defined]
    """A secret that opens one session; several may live (tabs, devices). Checked through a door."""

    __tablename__ = "session_tokens"
    __table_args__ = (Index(None, "session_id"), {"info": {"rls": Policy(CONVERSATION)}})

    id: Mapped[str] = primary_id("stk")
    session_id: Mapped[str] = mapped_column(Text, ForeignKey("sessions.id", ondelete="CASCADE"))
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    particulier_id: Mapped[str | None] = user_ref()
    hash: Mapped[str] = mapped_column(Text, unique=True)
    code_hash: Mapped[str | None] = mapped_column(Text, doc="A second device confirms this code, sent by e-mail.")
    confirmed: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = created()
    revoked_at: Mapped[datetime | None]


class Message(db.Model):  # type: ignore[name-defined]
    """One message. An agent's is also the state of its reply job: queued, processing, completed, failed, cancelled."""

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("sender IN ('visitor', 'agent', 'artisan', 'system')", name="sender"),
        CheckConstraint("status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')", name="status"),
        UniqueConstraint("session_id", "client_message_id"),
        Index(None, "session_id", "position"),
        Index("ix_messages_unfinished", "lease_until", postgresql_where="status IN ('queued', 'processing')"),
        {"info": {"rls": Policy(CONVERSATION)}},
    )

    id: Mapped[str] = primary_id("msg")
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), doc="Order within the session; never leaves.")
    session_id: Mapped[str] = mapped_column(Text, ForeignKey("sessions.id", ondelete="CASCADE"))
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    particulier_id: Mapped[str | None] = user_ref()
    sender: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(Text, default="completed")
    client_message_id: Mapped[str | None] = mapped_column(Text)
    reply_to: Mapped[str | None] = mapped_column(Text, index=True)
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    lease_until: Mapped[datetime | None] = mapped_column(doc="A reply whose lease ran out belongs to a dead worker.")
    stop_requested: Mapped[bool] = mapped_column(default=False)
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, doc="model, tokens, generation_time_ms, refusals")
    error: Mapped[str | None] = mapped_column(Text, doc="Error class; the person sees a sentence, never this.")
    created_at: Mapped[datetime] = created()
    completed_at: Mapped[datetime | None]
