"""What a device learns when it opens a conversation, from a link or from a host page: one shape for both."""

from __future__ import annotations

from typing import Any

from app.conversations import queries
from app.conversations.opening import Opened, masked
from app.conversations.presentation import session_payload
from app.conversations.service import MAX_LENGTH
from app.files import service as files


def opened_payload(opened: Opened) -> dict[str, Any]:
    """The session, its secret and its messages; nothing of its content while a code is awaited."""
    return {
        "session_id": opened.session.id,
        "session_token": opened.secret,
        "resumed": opened.resumed,
        "needs_code": opened.needs_code,
        "email_hint": masked(opened.session.visitor_email) if opened.needs_code and opened.session.visitor_email else None,
        "session": None if opened.needs_code else session_payload(opened.session),
        "messages": [] if opened.needs_code else queries.conversation(opened.session.id),
        "limits": limits(),
    }


def limits() -> dict[str, int]:
    """What the page checks before sending."""
    return {"message_chars": MAX_LENGTH, "file_bytes": files.MAX_BYTES, "files": files.MAX_PER_SESSION}
