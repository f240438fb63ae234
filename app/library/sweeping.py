"""What puts the library right by itself (ARCHITECTURE.md, A job)."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, exists, select
from sqlalchemy.orm import aliased

from app.agents.models import Agent
from app.conversations.models import Message, Session
from app.core import clock
from app.core.acting import platform
from app.core.leases import out_of_lease
from app.core.transaction import transaction
from app.extensions import db
from app.library.models import Content
from app.library.service import kept_reply, offer, offer_again

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 3
KEPT_AWAY = timedelta(days=30)
BATCH = 100
KEPT_CATEGORIES = ("content", "image")
LOOKED_BACK = timedelta(hours=2)


def sweep() -> int:
    """Keep what conversations gave; offer again the orders whose worker died or whose job was lost, fail those tried too often.

    Returns how many orders were touched.
    """
    now = clock.now()
    with transaction(platform("sweep")):
        _keep_replies(now)
        db.session.execute(delete(Content).where(Content.deleted_at < now - KEPT_AWAY))
        _forget_erased()
        lost = out_of_lease(Content, "queued", "running")
        for content in lost:
            log.warning("content.lost", content_id=content.id, status=content.status, attempt=content.attempt)
            if content.status == "queued":
                offer(content)  # nobody began: its queue is long, or lost its job
            elif content.attempt >= MAX_ATTEMPTS:
                content.status, content.error, content.lease_until = "failed", "worker_lost", None
            else:
                offer_again(content)
        return len(lost)


def _forget_erased() -> None:
    """What a person had deleted with his conversation goes from the library too."""
    erased = exists().where(Session.id == Content.session_id, Session.status == "deleted")
    db.session.execute(delete(Content).where(Content.session_id.is_not(None), erased))


def _keep_replies(now: datetime) -> None:
    """What content and image assistants answered in conversations of late, each once."""
    asked = aliased(Message)
    rows = db.session.execute(
        select(Session, Message, Agent, asked.content.label("brief"))
        .join(Message, Message.session_id == Session.id)
        .join(asked, asked.id == Message.reply_to)
        .join(Agent, Agent.id == Session.agent_id)
        .where(
            Session.last_activity_at > now - LOOKED_BACK,
            Message.completed_at > now - LOOKED_BACK,  # what was put away for good a month ago does not come back
            Session.status != "deleted",
            Agent.category.in_(KEPT_CATEGORIES),
            Message.sender == "agent",
            Message.status == "completed",
            Message.content != "",
            ~exists().where(Content.message_id == Message.id),
        )
        .order_by(Message.position)
        .limit(BATCH)
    ).all()
    for session, message, agent, brief in rows:
        kept_reply(agent, session, message_id=message.id, brief=brief, body=message.content)
