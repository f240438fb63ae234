"""What a conversation looks like in JSON: one shape for the chat page, the widget API and the stream (CONTRACT.md, The widget API)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.conversations.models import Message, Session
from app.files.models import File
from app.files.service import file_payload
from app.quoting.models import PreQuote
from app.quoting.presentation import pre_quote_payload


def message_payload(message: Message, files: Iterable[File] = (), pre_quote: PreQuote | None = None) -> dict[str, Any]:
    """A message as its reader sees it; an unfinished or failed reply has no content yet."""
    return {
        "id": message.id,
        "sender": message.sender,
        "content": message.content,
        "status": message.status,
        "created_at": iso(message.created_at),
        "client_message_id": message.client_message_id,
        "reply_to": message.reply_to,
        "rating": message.rating,
        "files": [file_payload(file) for file in files],
        "pre_quote": pre_quote_payload(pre_quote) if pre_quote else None,
    }


def session_payload(session: Session) -> dict[str, Any]:
    """The state of the conversation, for its page."""
    return {
        "id": session.id,
        "status": session.status,
        "title": session.title,
        "messages_count": session.messages_count,
        "files_count": session.files_count,
        "visitor_name": session.visitor_name,
        "has_email": session.visitor_email is not None,
        "started_at": iso(session.started_at),
        "completed_at": iso(session.completed_at),
    }


def iso(moment: Any) -> str | None:
    """ISO 8601 in UTC with a Z, or None."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
