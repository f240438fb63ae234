"""Events (the outbox), the endpoints that subscribe to them, deliveries and each of their attempts (003 §15.2 E)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import Policy, by_role, created, of_session, primary_id, user_ref
from app.extensions import db

EDITOR = by_role(editeur="editor_id", system="editor_id")
EVENT_TYPES = (
    "session.started",
    "message.created",
    "message.received",
    "file.uploaded",
    "project.created",
    "project.updated",
    "session.completed",
)


class Event(db.Model):  # type: ignore[name-defined]
    """A fact to be told, written in the fact's own transaction. `data` is the body's `data` member."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_undispatched", "created_at", postgresql_where="dispatched_at IS NULL"),
        Index(None, "editor_id", "created_at", "id"),
        Index(None, "session_id"),
        {"info": {"rls": of_session()}},
    )

    id: Mapped[str] = primary_id("evt")
    type: Mapped[str] = mapped_column(Text)
    session_id: Mapped[str | None] = mapped_column(Text)
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    particulier_id: Mapped[str | None] = user_ref()
    summary: Mapped[str] = mapped_column(Text, default="", doc="A few French words on the object, for lists.")
    body: Mapped[str] = mapped_column(Text, doc="The JSON body, frozen: the same bytes at each try.")
    created_at: Mapped[datetime] = created()
    dispatched_at: Mapped[datetime | None]


class WebhookEndpoint(db.Model):  # type: ignore[name-defined]
    """Where an editor wants to be told."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = ({"info": {"rls": Policy(EDITOR)}},)

    id: Mapped[str] = primary_id("whk")
    editor_id: Mapped[str] = user_ref(nullable=False, index=True)
    url: Mapped[str] = mapped_column(Text)
    sealed_secret: Mapped[str] = mapped_column(Text)
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    retry_count: Mapped[int] = mapped_column(Integer, default=8)
    timeout_ms: Mapped[int] = mapped_column(Integer, default=5000)
    created_at: Mapped[datetime] = created()
    last_triggered_at: Mapped[datetime | None]
    last_status: Mapped[str | None] = mapped_column(Text)
    failure_count: Mapped[int] = mapped_column(Integer, default=0, doc="Failed deliveries in a row.")


class Delivery(db.Model):  # type: ignore[name-defined]
    """One event for one endpoint."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'success', 'failed')", name="status"),
        UniqueConstraint("event_id", "endpoint_id"),
        Index("ix_deliveries_due", "next_at", postgresql_where="status IN ('queued', 'running')"),
        Index("ix_deliveries_failed", "created_at", postgresql_where="status = 'failed'"),
        Index(None, "editor_id", "created_at", "id"),
        Index(None, "endpoint_id", "created_at", "id"),
        {"info": {"rls": Policy(EDITOR)}},
    )

    id: Mapped[str] = primary_id("dlv")
    event_id: Mapped[str] = mapped_column(Text)
    event_type: Mapped[str] = mapped_column(Text)
    endpoint_id: Mapped[str] = mapped_column(Text)
    editor_id: Mapped[str] = user_ref(nullable=False)
    status: Mapped[str] = mapped_column(Text, default="queued")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    status_code: Mapped[int | None] = mapped_column(Integer)
    duration_ms: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(Text)
    next_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()
    finished_at: Mapped[datetime | None]


class DeliveryAttempt(db.Model):  # type: ignore[name-defined]
    """One try, logged with what came back."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (Index(None, "delivery_id", "number"), {"info": {"rls": Policy(EDITOR)}})

    id: Mapped[str] = primary_id("att")
    delivery_id: Mapped[str] = mapped_column(Text)
    editor_id: Mapped[str] = user_ref(nullable=False)
    number: Mapped[int] = mapped_column(Integer)
    status_code: Mapped[int | None] = mapped_column(Integer)
    duration_ms: Mapped[int] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(Text)
    response_excerpt: Mapped[str | None] = mapped_column(Text)
    sent_headers: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = created()
