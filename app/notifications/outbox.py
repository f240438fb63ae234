"""The e-mails of the platform, for its administrators: looked through, and sent again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from app.audit.service import record
from app.core.errors import ConflictError, NotFoundError
from app.core.jobs import enqueue_after_commit
from app.core.search import folded, has_words
from app.extensions import db
from app.notifications.jobs import deliver_email
from app.notifications.models import EmailMessage
from app.notifications.service import KINDS

SECRET_KINDS = frozenset({"reset", "invitation", "transcript", "session_code", "email-change"})
"""Kinds whose text holds what opens an account or a conversation."""
KIND_WORDS = {kind: about.label for kind, about in KINDS.items()} | {
    "reset": "Nouveau mot de passe",
    "invitation": "Invitation",
    "transcript": "Conversation envoyée à son client",
    "session_code": "Code d’un autre appareil",
    "email-change": "Nouvelle adresse à confirmer",
    "email-changed": "Adresse changée",
    "statement": "Relevé mensuel",
}


def emails(*, query: str = "", status: str = "") -> Select[Any]:
    """Every e-mail without its text, to be paged by `created_at`."""
    statement = select(
        EmailMessage.id,
        EmailMessage.recipient,
        EmailMessage.kind,
        EmailMessage.subject,
        EmailMessage.status,
        EmailMessage.attempts,
        EmailMessage.error,
        EmailMessage.created_at,
        EmailMessage.sent_at,
    )
    if query:
        statement = statement.where(has_words(folded(EmailMessage.recipient, EmailMessage.subject), query))
    return statement.where(EmailMessage.status == status) if status else statement


def count_failed() -> int:
    """How many e-mails were given up."""
    return db.session.scalar(select(func.count()).where(EmailMessage.status == "failed")) or 0


def email_by_id(email_id: str) -> EmailMessage:
    """An e-mail. Raises NotFoundError."""
    email = db.session.get(EmailMessage, email_id)
    if email is None:
        raise NotFoundError()
    return email


def send_again(email: EmailMessage) -> None:
    """Queue the same message once more, whatever became of it. Raises ConflictError while it is on its way."""
    if email.status in ("queued", "sending"):
        raise ConflictError("Ce message est déjà en cours d’envoi.", code="already_queued")
    email.status, email.attempts, email.next_at, email.error = "queued", 0, None, None
    record("email.sent_again", email.id, kind=email.kind)
    enqueue_after_commit(deliver_email, email.id)
