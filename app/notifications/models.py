"""One centre for what people are told: portal bell, e-mail, preferences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import OWN, STAFF, Policy, by_role, created, primary_id, user_ref
from app.extensions import db


class Notification(db.Model):  # type: ignore[name-defined]
    """Something a user is told in his portal."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index(None, "user_id", "created_at", "id"),
        {
            "info": {
                "rls": Policy(
                    OWN,
                    insert=f"{OWN} OR (app_kind() IN ('visitor', 'system', 'user') AND user_id IN (app_editor(), app_artisan(), app_account()))",
                )
            }
        },
    )

    id: Mapped[str] = primary_id("not")
    user_id: Mapped[str] = user_ref(nullable=False)
    kind: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text, doc="Path in the portal.")
    read_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()


class NotificationPreference(db.Model):  # type: ignore[name-defined]
    """What a user wants by e-mail; no row: yes."""

    __tablename__ = "notification_preferences"
    __table_args__ = ({"info": {"rls": Policy(OWN)}},)

    user_id: Mapped[str] = mapped_column(Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    by_email: Mapped[bool] = mapped_column(Boolean, default=True)
    changed_at: Mapped[datetime] = created()


class EmailMessage(db.Model):  # type: ignore[name-defined]
    """An e-mail to send, or kept in the outbox when there is no SMTP server."""

    __tablename__ = "emails"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'sending', 'sent', 'failed', 'outbox')", name="status"),
        Index(None, "status", "next_at"),
        Index(None, "created_at", "id"),
        {
            "info": {
                "rls": Policy(
                    STAFF,
                    insert=by_role(visitor="(kind IN ('transcript', 'session_code'))")
                    + " OR (app_kind() = 'user' AND kind IN ('email-change', 'email-changed'))"
                    + " OR (app_kind() = 'user' AND app_role() IN ('editeur', 'artisan') AND kind = 'session_link')",
                )
            }
        },
    )

    id: Mapped[str] = primary_id("eml")
    recipient: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    session_id: Mapped[str | None] = mapped_column(Text, index=True, doc="The conversation it tells of; erased with it.")
    status: Mapped[str] = mapped_column(Text, default="queued")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str | None] = mapped_column(Text)
    next_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()
    sent_at: Mapped[datetime | None]
