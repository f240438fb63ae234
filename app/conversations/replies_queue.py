"""Queueing replies: the state is the message's row, the RQ job only carries ids (ARCHITECTURE.md, A job)."""

from __future__ import annotations

from datetime import timedelta

from app.conversations import jobs
from app.conversations.models import Message, Session
from app.conversations.presentation import message_payload
from app.core import clock
from app.core.ids import new_id
from app.core.jobs import enqueue
from app.core.streams import publisher
from app.core.transaction import after_commit
from app.quoting.models import PreQuote

QUEUE_LEASE = timedelta(seconds=12)
"""How long a queued reply may wait before the sweeper queues it again: Redis may have lost its job."""


def stream_key(message_id: str) -> str:
    """The Redis stream of a reply."""
    return f"reply:{message_id}"


def make_reply(session: Session, message: Message) -> Message:
    """The agent's reply to a visitor's message, not yet written: whoever does calls `enqueue_reply`."""
    return Message(
        id=new_id("msg"),
        session_id=session.id,
        editor_id=session.editor_id,
        artisan_id=session.artisan_id,
        particulier_id=session.particulier_id,
        sender="agent",
        status="queued",
        reply_to=message.id,
        attempt=1,
        lease_until=clock.now() + QUEUE_LEASE,
    )


def requeue(reply: Message) -> None:
    """Start a reply again from nothing, under the next attempt: whoever still works on the last one can no longer store it."""
    reply.attempt += 1
    reply.status, reply.content, reply.error, reply.stop_requested = "queued", "", None, False
    reply.completed_at, reply.lease_until = None, clock.now() + QUEUE_LEASE
    key, attempt = stream_key(reply.id), reply.attempt
    after_commit(lambda: publisher().event(key, attempt, "restart", {"attempt": attempt}))
    enqueue_reply(reply)


def offer_again(reply: Message) -> None:
    """Queue the job of a waiting reply once more; a second job of the same attempt finds nothing to claim."""
    reply.lease_until = clock.now() + QUEUE_LEASE
    enqueue_reply(reply)


def announce_after_commit(reply: Message, quote: PreQuote | None = None) -> None:
    """Tell whoever follows the reply how it ended, with the pre-quote it carries."""
    key, attempt = stream_key(reply.id), reply.attempt
    if reply.status == "failed":
        after_commit(lambda: publisher().event(key, attempt, "error", {"code": "reply_failed", "message": FAILED_SENTENCE}))
    else:
        payload = {"message": message_payload(reply, (), quote)}
        after_commit(lambda: publisher().event(key, attempt, "done", payload))


FAILED_SENTENCE = "La réponse n’a pas pu être écrite. Votre message est bien enregistré : vous pouvez réessayer."


def enqueue_reply(reply: Message) -> None:
    """Queue the job of a reply once the transaction commits."""
    arguments = (reply.id, reply.attempt, reply.editor_id, reply.artisan_id)
    after_commit(lambda: enqueue(jobs.reply, *arguments))
