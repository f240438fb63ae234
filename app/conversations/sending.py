"""Sending a link to its recipient by e-mail, in the artisan's name, as often as it takes and no more."""

from __future__ import annotations

from sqlalchemy import select

from app.audit.service import record
from app.conversations.links import url_of
from app.conversations.lists import CLOSED_LINK_STATES, of_account, one_link
from app.conversations.models import SessionLink
from app.core import clock
from app.core.acting import Actor
from app.core.errors import ConflictError, NotFoundError
from app.core.throttle import throttle
from app.extensions import db
from app.notifications.service import send_email

TIMES, SECONDS = 5, 3600


def mail_link(actor: Actor, link_id: str) -> str:
    """Send a link of the acting account to its recipient. Returns his address.

    Raises NotFoundError, ConflictError (no address, or the link opens nothing any more), LimitError (five an hour).
    """
    wanted = select(SessionLink).where(SessionLink.id == link_id, of_account(SessionLink, actor)).with_for_update()
    link, row = db.session.scalar(wanted), one_link(actor, link_id)
    if link is None or row is None:
        raise NotFoundError()
    if row.state in CLOSED_LINK_STATES:
        raise ConflictError("Ce lien n’ouvre plus rien : créez-en un autre.", code="link_closed")
    if not link.recipient_email:
        raise ConflictError("Ce lien n’a pas d’adresse e-mail.", code="no_recipient")
    throttle(f"mail-link:{link.id}", times=TIMES, seconds=SECONDS)
    throttle(f"mail-link-to:{link.recipient_email}", times=TIMES, seconds=SECONDS)
    send_email(
        link.recipient_email,
        kind="session_link",
        template="session_link",
        session_id=link.session_id,
        sender=row.artisan_name or actor.name,
        recipient_name=link.recipient_name,
        again=link.mailed_at is not None,
        url=url_of(link),
        expires_at=link.expires_at,
    )
    link.mailed_at = clock.now()
    record("link.mailed", link.id)
    return link.recipient_email
