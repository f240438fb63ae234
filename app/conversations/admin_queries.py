"""Conversations as the platform's administrators read them, and what waits on the whole platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, func, select

from app.conversations.models import Message, Session
from app.conversations.queries import UNFINISHED
from app.core.search import folded, has_words
from app.deployments.admin_queries import failing
from app.extensions import db
from app.notifications.models import EmailMessage
from app.quoting.models import Project
from app.webhooks.models import Delivery

STATUSES = ("open", "completed", "expired")
WAITING_EMAILS = ("queued", "sending", "failed", "outbox")


@dataclass(frozen=True, slots=True)
class Overview:
    """What is open, running or in trouble now."""

    open_sessions: int
    replies: int
    deliveries: int
    emails: int
    failed_emails: int


def overview() -> Overview:
    """The figures of the administrators' home, in one query."""
    counts = (
        select(func.count()).where(Session.status == "open", Session.started_at.is_not(None)),
        select(func.count()).where(Message.status.in_(UNFINISHED)),
        select(func.count()).select_from(Delivery).where(failing()),
        select(func.count()).where(EmailMessage.status.in_(WAITING_EMAILS)),
        select(func.count()).where(EmailMessage.status == "failed"),
    )
    return Overview(*db.session.execute(select(*(count.scalar_subquery() for count in counts))).one())


def newest_projects(limit: int = 6) -> list[Any]:
    """The last projects made, with their conversations' names and the total of their last estimate."""
    return list(
        db.session.execute(
            select(
                Project.id,
                Project.session_id,
                Project.title,
                Project.created_at,
                Session.total_ttc,
                Session.artisan_name,
                Session.editor_name,
            )
            .join(Session, Session.id == Project.session_id)
            .order_by(Project.created_at.desc(), Project.id)
            .limit(limit)
        )
    )


def all_conversations(*, query: str = "", status: str = "", editor_id: str = "", artisan_id: str = "") -> Select[Any]:
    """Every conversation that began, to be paged by `last_activity_at` or `total`; `status` may also be `answering` or
    `project` (those that made one).

    `editor_id` « aucun »: those without an editor.
    """
    statement = select(
        Session.id,
        Session.title,
        Session.visitor_name,
        Session.artisan_name,
        Session.editor_name,
        Session.status,
        Session.messages_count,
        Session.files_count,
        Session.total_ttc,
        func.coalesce(Session.total_ttc, 0).label("total"),
        Session.last_activity_at,
    ).where(Session.started_at.is_not(None), Session.status != "deleted")
    if query:
        statement = statement.where(has_words(folded(Session.visitor_name, Session.title, Session.artisan_name), query))
    if status == "answering":
        statement = statement.where(exists().where(Message.session_id == Session.id, Message.status.in_(UNFINISHED)))
    elif status == "project":
        statement = statement.where(exists().where(Project.session_id == Session.id))
    elif status in STATUSES:
        statement = statement.where(Session.status == status)
    if editor_id:
        statement = statement.where(Session.editor_id.is_(None) if editor_id == "aucun" else Session.editor_id == editor_id)
    return statement.where(Session.artisan_id == artisan_id) if artisan_id else statement
