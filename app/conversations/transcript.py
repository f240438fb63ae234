"""The conversation by e-mail, with a link that finds it back (PRODUCT.md, Visitor's account)."""

from __future__ import annotations

from app.conversations.models import Session
from app.conversations.queries import conversation, session_by_id
from app.conversations.service import leave_email
from app.extensions import settings
from app.identity.tokens import issue_token
from app.notifications.service import send_email
from app.quoting.presentation import pre_quote_payload
from app.quoting.queries import last_pre_quote


def send_transcript(session_id: str, email: str) -> Session:
    """Send what was said so far. The account is made when the magic link in it is clicked, not before."""
    address = leave_email(session_id, email)
    session = session_by_id(session_id)
    secret = issue_token("magic", email=address, payload={"session_id": session_id, "name": session.visitor_name})
    quote = last_pre_quote(session_id)
    send_email(
        address,
        kind="transcript",
        template="transcript",
        session_id=session_id,
        session=session,
        messages=[m for m in conversation(session_id) if m["content"] or m["files"]],
        pre_quote=pre_quote_payload(quote) if quote else None,
        url=f"{settings().base_url}/connexion/lien/{secret}",
    )
    return session
