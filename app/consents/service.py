"""Notices: their texts by version, and the record that one was shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from app.consents.models import NoticeShown
from app.core import clock
from app.core.ids import new_id
from app.extensions import db


@dataclass(frozen=True, slots=True)
class Notice:
    """A text people are shown, under a name and a version that changes with its words."""

    name: str
    version: str
    text: str

    @property
    def text_hash(self) -> str:
        """SHA-256 of the exact text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


AI_NOTICE = Notice("ai", "2026-11", "Vous échangez avec une intelligence artificielle. L’artisan peut lire cet échange.")
"""EU AI Act art. 50(1): told clearly at the first interaction (FIELD.md, Personal data)."""

AI_NOTICE_EN = Notice("ai", "2026-11-en", "You are talking with an artificial intelligence. The craftsman can read this conversation.")


def notice_for(locale: str) -> Notice:
    """The AI notice in a page's language."""
    return AI_NOTICE_EN if locale == "en" else AI_NOTICE


def notice_shown(version: object) -> Notice:
    """The AI notice that a page says it showed; the French one when it says nothing that we know."""
    return AI_NOTICE_EN if version == AI_NOTICE_EN.version else AI_NOTICE


def record_notice(notice: Notice, *, session_id: str, editor_id: str | None, artisan_id: str | None, particulier_id: str | None) -> None:
    """Keep that this version was shown in this conversation; once per version."""
    db.session.execute(
        insert(NoticeShown)
        .values(
            id=new_id("ntc"),
            session_id=session_id,
            editor_id=editor_id,
            artisan_id=artisan_id,
            particulier_id=particulier_id,
            notice=notice.name,
            version=notice.version,
            text_hash=notice.text_hash,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(constraint="uq_notices_shown_session_id_notice_version")
    )
