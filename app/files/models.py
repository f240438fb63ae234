"""Files sent in a conversation (003 §15.2 D)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import created, of_session, primary_id, user_ref
from app.extensions import db


class File(db.Model):  # type: ignore[name-defined]
    """A photo or document. `raw_key` holds what arrived until it is re-encoded; it is never served."""

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("status IN ('processing', 'ready', 'refused')", name="status"),
        Index(None, "session_id", "created_at"),
        {"info": {"rls": of_session()}},
    )

    id: Mapped[str] = primary_id("file")
    session_id: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(Text, index=True)
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    particulier_id: Mapped[str | None] = user_ref()
    name: Mapped[str] = mapped_column(Text)
    mime_type: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text, default="processing")
    error: Mapped[str | None] = mapped_column(Text)
    raw_key: Mapped[str | None] = mapped_column(Text)
    full_key: Mapped[str | None] = mapped_column(Text)
    thumb_key: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, doc="width and height in pixels")
    created_at: Mapped[datetime] = created()
    ready_at: Mapped[datetime | None]
