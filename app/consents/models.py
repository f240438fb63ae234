"""Notices shown, with the exact version (FIELD.md, EU AI Act art. 50(1))."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import created, of_session, primary_id, user_ref
from app.extensions import db


class NoticeShown(db.Model):  # type: ignore[name-defined]
    """That a notice was shown in a conversation: which one, which version, the hash of its text."""

    __tablename__ = "notices_shown"
    __table_args__ = (UniqueConstraint("session_id", "notice", "version"), {"info": {"rls": of_session()}})

    id: Mapped[str] = primary_id("ntc")
    session_id: Mapped[str] = mapped_column(Text)
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    particulier_id: Mapped[str | None] = user_ref()
    notice: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = created()
