"""Links, sessions, their secrets and messages (003 §15.2 B, §17.3; PRODUCT.md, Sessions, Links)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, SmallInteger, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import CONVERSATION, MADE, STAFF, TENANT, Money, Policy, by_role, created, of_session, primary_id, user_ref
from app.extensions import db

LINK_POLICY = Policy(
    by_role(visitor="(id = app_link())", system=TENANT, editeur="editor_id", artisan="artisan_id"),
    insert=by_role(
        editeur="(editor_id = app_account() AND app_sees_deployment(deployment_id) AND app_sees_tie(editor_link_id, editor_id, artisan_id))",
        artisan="(artisan_id = app_account() AND CASE WHEN editor_id IS NULL THEN app_sees_deployment(deployment_id) "
        "ELSE app_sees_tie(editor_link_id, editor_id, artisan_id) END)",
    ),
    delete=STAFF,
)
"""A visitor says only that he opened his link; what else may change is kept by a trigger (migration 0015)."""
SPOKEN = by_role(
    visitor="session_id",
    system=TENANT,
    editeur="editor_id",
    artisan="artisan_id",
    conseiller="(app_account() = editor_id OR app_account() = artisan_id)",
)
"""Who speaks in a conversation."""
OWN_SESSION = "id = app_session()"
SESSION_POLICY = Policy(
    CONVERSATION.replace("session_id = app_session()", OWN_SESSION),
    write=SPOKEN.replace("session_id = app_session()", OWN_SESSION),
    insert=by_role(
        visitor=f"({OWN_SESSION} AND deployment_id = app_deployment() AND editor_id IS NOT DISTINCT FROM app_editor() "
        "AND artisan_id IS NOT DISTINCT FROM app_artisan() AND link_id IS NOT DISTINCT FROM app_link() "
        "AND editor_link_id IS NOT DISTINCT FROM app_tie() AND particulier_id IS NULL)"
    ),
    delete=STAFF,
)
"""A visitor opens the session of the place he came to, and no other."""


class SessionLink(db.Model):  # type: ignore[name-defined]
    """What stands behind `/s/<token>`: one link, one conversation. The token is derived from the id and signed, never stored."""

    __tablename__ = "session_links"
    __table_args__ = (
        Index(None, "editor_id", "created_at", "id"),
        Index(None, "artisan_id", "created_at", "id"),
        {"info": {"rls": LINK_POLICY}},
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
    mailed_at: Mapped[datetime | None] = mapped_column(doc="When we last sent it to its recipient.")
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
        Index("ix_sessions_untold", "id", postgresql_where="status = 'completed' AND completed_at IS NULL"),
        Index("ix_sessions_host_user", "deployment_id", "host_user_id", postgresql_where="host_user_id IS NOT NULL"),
        {"info": {"rls": SESSION_POLICY}},
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
    deployment_name: Mapped[str] = mapped_column(Text, default="")
    external_id: Mapped[str | None] = mapped_column(Text, doc="The artisan's identifier at the editor.")
    title: Mapped[str] = mapped_column(Text, default="", doc="The project's title once there is one.")
    status: Mapped[str] = mapped_column(Text, default="open")
    completed_reason: Mapped[str | None] = mapped_column(Text)
    visitor_name: Mapped[str | None] = mapped_column(Text)
    visitor_email: Mapped[str | None] = mapped_column(Text)
    visitor_phone: Mapped[str | None] = mapped_column(Text)
    visitor_email_confirmed_at: Mapped[datetime | None]
    host_user_id: Mapped[str | None] = mapped_column(Text, doc="Who the host site said the visitor is, under its signature.")
    context: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    untrusted_context: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, doc="What a host page said; authorises nothing.")
    locale: Mapped[str] = mapped_column(Text, default="fr")
    messages_count: Mapped[int] = mapped_column(Integer, default=0)
    files_count: Mapped[int] = mapped_column(Integer, default=0)
    tokens_used: Mapped[int] = mapped_column(Integer, default=0)
    total_ttc: Mapped[Decimal | None] = mapped_column(Money, doc="Of the last pre-quote.")
    contact_asked_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None] = mapped_column(doc="First message: what quotas count.")
    completed_at: Mapped[datetime | None] = mapped_column(doc="When its end was told; a completed session without it waits for a reply.")
    last_activity_at: Mapped[datetime] = created()
    created_at: Mapped[datetime] = created()

    @property
    def artisan_path(self) -> str:
        """Its page in the artisan's portal."""
        return f"/artisan/conversations/{self.id}"


class SessionToken(db.Model):  # type: ignore[name-defined]
    """A secret that opens one session; several may live (tabs, devices). Checked through a door."""

    __tablename__ = "session_tokens"
    __table_args__ = (Index(None, "session_id"), {"info": {"rls": of_session(read=MADE)}})

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
        {"info": {"rls": of_session(write=SPOKEN, delete=STAFF)}},
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
