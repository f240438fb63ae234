"""What puts conversations right by itself: lost replies, idle sessions (ARCHITECTURE.md, A job; PRODUCT.md, Sessions)."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import exists, select

from app.conversations import replies_queue
from app.conversations.models import Message, Session
from app.conversations.service import complete_session, tell_end
from app.core import clock
from app.core.acting import platform
from app.core.leases import out_of_lease
from app.core.transaction import transaction
from app.extensions import db
from app.quoting.models import PreQuote

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 3
NEVER_STARTED = timedelta(minutes=30)
"""A reply that no worker could begin for so long is failed: its visitor may then try again."""
IDLE_WITH_QUOTE = timedelta(minutes=30)
IDLE_WITHOUT = timedelta(hours=24)
BATCH = 200


def sweep_replies() -> int:
    """Take up replies whose lease ran out: their worker died, or Redis forgot their job. Returns how many."""
    now = clock.now()
    with transaction(platform("sweep")):
        lost = out_of_lease(Message, "queued", "processing")
        for reply in lost:
            log.warning("reply.lost", message_id=reply.id, status=reply.status, attempt=reply.attempt)
            if reply.status == "queued" and reply.created_at > now - NEVER_STARTED:
                replies_queue.offer_again(reply)
            elif reply.status == "queued":
                reply.status, reply.completed_at, reply.error = "failed", now, "never_started"
                replies_queue.announce_after_commit(reply)
            elif reply.stop_requested or reply.attempt >= MAX_ATTEMPTS:
                reply.status, reply.completed_at = "cancelled" if reply.stop_requested else "failed", now
                reply.error = None if reply.stop_requested else "worker_lost"
                replies_queue.announce_after_commit(reply)
            else:
                replies_queue.requeue(reply)
        return len(lost)


def sweep_sessions() -> int:
    """Complete sessions idle for 30 minutes after a pre-quote; expire those idle for 24 hours without one; tell the ends that waited
    for a reply which no worker ended."""
    now = clock.now()
    has_quote = exists().where(PreQuote.session_id == Session.id)
    with transaction(platform("sweep")):
        idle = db.session.execute(
            select(Session, has_quote.label("has_quote"))
            .where(
                Session.status == "open",
                Session.started_at.is_not(None),
                Session.last_activity_at < now - IDLE_WITH_QUOTE,
                has_quote | (Session.last_activity_at < now - IDLE_WITHOUT),
            )
            .limit(BATCH)
            .with_for_update(skip_locked=True, of=Session)
        ).all()
        for session, quoted in idle:
            if quoted:
                complete_session(session, "idle")
            else:
                session.status = "expired"
        untold = select(Session).where(Session.status == "completed", Session.completed_at.is_(None)).limit(BATCH)
        for session in db.session.scalars(untold.with_for_update(skip_locked=True)):
            tell_end(session)
        return len(idle)
