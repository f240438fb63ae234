"""What a person does with what he was told: count, read, mark as read."""

from __future__ import annotations

from sqlalchemy import Select, func, select, update

from app.core import clock
from app.core.errors import NotFoundError
from app.extensions import db
from app.notifications.models import Notification

COLUMNS = ("id", "kind", "title", "body", "url", "read_at", "created_at")
COUNT_CAP = 100


def unread_count(user_id: str) -> int:
    """How many notifications wait, counted up to 100."""
    unread = select(Notification.id).where(Notification.user_id == user_id, Notification.read_at.is_(None)).limit(COUNT_CAP)
    return db.session.scalar(select(func.count()).select_from(unread.subquery())) or 0


def notifications_of(user_id: str, *, unread_only: bool = False) -> Select[tuple[object, ...]]:
    """The notifications of a person, to be paged by `created_at` and `id`."""
    statement = select(*(getattr(Notification, name) for name in COLUMNS)).where(Notification.user_id == user_id)
    return statement.where(Notification.read_at.is_(None)) if unread_only else statement


def read_notification(user_id: str, notification_id: str) -> Notification:
    """Mark one as read, once. Raises NotFoundError."""
    notification = db.session.scalar(select(Notification).where(Notification.id == notification_id, Notification.user_id == user_id))
    if notification is None:
        raise NotFoundError()
    notification.read_at = notification.read_at or clock.now()
    return notification


def read_all(user_id: str) -> int:
    """Mark all as read; returns how many were not."""
    result = db.session.execute(
        update(Notification).where(Notification.user_id == user_id, Notification.read_at.is_(None)).values(read_at=clock.now())
    )
    return int(result.rowcount)


def unread_about(user_id: str, prefix: str) -> set[str]:
    """The ends of the portal paths beginning with `prefix` that unread notifications lead to: what waits to be opened there."""
    unread = (
        select(Notification.url)
        .where(Notification.user_id == user_id, Notification.read_at.is_(None), Notification.url.startswith(prefix, autoescape=True))
        .order_by(Notification.created_at.desc())
        .limit(COUNT_CAP)
    )
    return {url.removeprefix(prefix) for url in db.session.scalars(unread) if url}


def read_about(user_id: str, url: str) -> None:
    """The page at this portal path was opened: what led to it is read."""
    db.session.execute(
        update(Notification)
        .where(Notification.user_id == user_id, Notification.url == url, Notification.read_at.is_(None))
        .values(read_at=clock.now())
    )
