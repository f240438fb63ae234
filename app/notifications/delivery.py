"""From the table of e-mails to the SMTP server: claimed by one UPDATE, retried with growing delays, kept when there is no server."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, delete, exists, func, or_, select, update

from app.core import clock
from app.core.acting import platform
from app.core.jobs import enqueue
from app.core.mail import Email, MailError, send
from app.core.transaction import after_commit, transaction
from app.extensions import db, settings
from app.identity.models import User
from app.notifications import jobs
from app.notifications.models import EmailMessage, Notification, NotificationPreference
from app.notifications.preferences import unsubscribe_url, wants_email
from app.notifications.service import NOT_OPTIONAL, send_email

log = structlog.get_logger(__name__)
DELAYS = (30, 120, 600, 3600, 4 * 3600)
"""Seconds before each new try; then the message is failed."""
LOST_AFTER = timedelta(minutes=2)
FORGOTTEN_AFTER = timedelta(hours=6)
"""News older than this is no longer worth an e-mail."""


def deliver(email_id: str) -> None:
    """Send one queued e-mail. The connection to the server is made outside of any transaction."""
    now = clock.now()
    with transaction(platform("mail")):
        claimed = db.session.execute(
            update(EmailMessage)
            .where(
                EmailMessage.id == email_id,
                EmailMessage.status == "queued",
                or_(EmailMessage.next_at.is_(None), EmailMessage.next_at <= now),
            )
            .values(
                status="sending" if settings().smtp_url else "outbox",
                attempts=EmailMessage.attempts + 1,
                next_at=now + LOST_AFTER if settings().smtp_url else None,
            )
            .returning(
                EmailMessage.recipient,
                EmailMessage.subject,
                EmailMessage.text,
                EmailMessage.html,
                EmailMessage.headers,
                EmailMessage.attempts,
            )
        ).one_or_none()
    smtp_url = settings().smtp_url
    if claimed is None or smtp_url is None:
        return
    error: MailError | None = None
    try:
        message = Email(to=claimed.recipient, subject=claimed.subject, text=claimed.text, html=claimed.html, headers=claimed.headers)
        send(message, smtp_url, settings().mail_from)
    except MailError as caught:
        error = caught
        log.warning("mail.failed", email_id=email_id, attempt=claimed.attempts, reason=str(caught))
    with transaction(platform("mail")):
        statement = update(EmailMessage).where(EmailMessage.id == email_id, EmailMessage.status == "sending")
        if error is None:
            db.session.execute(statement.values(status="sent", sent_at=clock.now(), error=None, next_at=None))
        elif error.permanent or claimed.attempts > len(DELAYS):
            db.session.execute(statement.values(status="failed", error=str(error), next_at=None))
        else:
            due = clock.now() + timedelta(seconds=DELAYS[claimed.attempts - 1])
            db.session.execute(statement.values(status="queued", error=str(error), next_at=due))


def sweep() -> None:
    """Queue what is due: retries, messages whose job Redis lost, messages whose worker died while sending."""
    now = clock.now()
    with transaction(platform("mail")):
        stuck = update(EmailMessage).where(EmailMessage.status == "sending", EmailMessage.next_at <= now)
        db.session.execute(
            stuck.where(EmailMessage.attempts > len(DELAYS)).values(status="failed", error="sending never ended", next_at=None)
        )
        db.session.execute(stuck.values(status="queued", next_at=None))
        lost = EmailMessage.next_at.is_(None) & (EmailMessage.created_at < now - LOST_AFTER)
        due = db.session.scalars(
            select(EmailMessage.id)
            .where(EmailMessage.status == "queued", or_(EmailMessage.next_at <= now, lost))
            .order_by(EmailMessage.created_at)
            .limit(200)
        ).all()
        after_commit(lambda: [enqueue(jobs.deliver_email, email_id) for email_id in due])
        untold = db.session.scalars(_untold(now).limit(200)).all()
        after_commit(lambda: [enqueue(jobs.mail_notification, notification_id) for notification_id in untold])


def _untold(now: datetime) -> Select[tuple[str]]:
    """Notifications of the last hours whose e-mail was never written although it is wanted: their job was lost."""
    refused = exists().where(
        NotificationPreference.user_id == Notification.user_id,
        NotificationPreference.kind == Notification.kind,
        ~NotificationPreference.by_email,
    )
    written = exists().where(EmailMessage.id == "eml" + func.substr(Notification.id, 4))
    suspended = exists().where(User.id == Notification.user_id, User.status == "suspended")
    recent = Notification.created_at.between(now - FORGOTTEN_AFTER, now - LOST_AFTER)
    return select(Notification.id).where(recent, ~refused, ~written, ~suspended).order_by(Notification.created_at)


def mail_notification(notification_id: str) -> None:
    """Write the e-mail of a notification, once, unless its user said no; one-click unsubscribe in its headers (RFC 8058)."""
    with transaction(platform("mail")):
        row = db.session.execute(
            select(Notification, User)
            .join(User, User.id == Notification.user_id)
            .where(Notification.id == notification_id, User.status != "suspended")
            .with_for_update(of=Notification)  # its conversation may be deleted meanwhile
        ).one_or_none()
        if row is None:
            return
        notification, user = row
        email_id = _email_of(notification.id)
        if db.session.get(EmailMessage, email_id) is not None or not wants_email(user.id, notification.kind):
            return
        unsubscribe = unsubscribe_url(user.id, notification.kind) if notification.kind != NOT_OPTIONAL else None
        send_email(
            user.email,
            kind=notification.kind,
            template="notification",
            headers={"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if unsubscribe else {},
            email_id=email_id,
            title=notification.title,
            body=notification.body,
            url=settings().base_url + notification.url if notification.url else None,
            unsubscribe=unsubscribe,
            name=user.name,
        )


def _email_of(notification_id: str) -> str:
    """A notification has one e-mail, whose id follows from its own: a job that runs twice writes it once."""
    return "eml" + notification_id.removeprefix("not")


def forget(session_id: str, artisan_id: str | None, path: str) -> None:
    """Erase what was told of a deleted conversation: its e-mails, and what its artisan reads under the bell (`path` is its page there).

    E-mails not sent yet never are. For the platform, within the open transaction: a job could be lost, and nobody would ask again.
    """
    told = delete(Notification).where(Notification.user_id == artisan_id, Notification.url == path).returning(Notification.id)
    by_bell = [_email_of(notification_id) for notification_id in db.session.scalars(told)]
    erased = update(EmailMessage).where(or_(EmailMessage.session_id == session_id, EmailMessage.id.in_(by_bell)))
    db.session.execute(erased.where(EmailMessage.status.in_(("queued", "sending"))).values(status="failed", error="erased", next_at=None))
    db.session.execute(erased.values(subject="", text="", html="", recipient=""))
