"""Following a reply: the Redis stream while it lasts, the database when the stream is silent or lost (CONTRACT.md, Streaming)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.conversations.models import Message
from app.conversations.queries import one_message
from app.conversations.replies_queue import FAILED_SENTENCE, stream_key
from app.core.acting import Actor
from app.core.streams import StreamItem, hub
from app.core.transaction import transaction
from app.extensions import db

IDLE_SECONDS = 3.0
HEARTBEAT_EVERY = 5
LAST = ("done", "error")


def follow_reply(actor: Actor, message_id: str, last_id: str | None, *, finished: bool) -> Iterator[StreamItem | None]:
    """Yield what happens to a reply until it ends; None asks for a heartbeat.

    When nothing was heard for a while the row is asked: a reply that ended without its stream (Redis restarted empty, or
    the stream expired) is told whole by `restart`, `token` and `done`. `finished` as the row was when the following began.
    """
    silences = 0
    ended = _ended(actor, message_id) if finished and last_id is None else None
    if ended is not None:
        yield from ended
        return
    yield None
    for item in hub().follow(stream_key(message_id), last_id, IDLE_SECONDS):
        if item is not None:
            yield item
            if item.name in LAST:
                return
            continue
        ended = _ended(actor, message_id)
        if ended is not None:
            yield from ended
            return
        silences += 1
        if silences % HEARTBEAT_EVERY == 0:
            yield None


def _ended(actor: Actor, message_id: str) -> list[StreamItem] | None:
    """The end of the reply as its row tells it; None while it is unfinished."""
    with transaction(actor):
        message = db.session.get(Message, message_id)
        if message is None:
            return [StreamItem.made("error", {"code": "session_deleted", "message": "Cette conversation a été supprimée."})]
        if message.status in ("queued", "processing"):
            return None
        attempt = message.attempt
        if message.status == "failed":
            return [StreamItem.made("error", {"code": "reply_failed", "message": FAILED_SENTENCE})]
        payload: dict[str, Any] = one_message(message)
    return [
        StreamItem.made("restart", {"attempt": attempt}),
        StreamItem.made("token", {"text": payload["content"]}),
        StreamItem.made("done", {"message": payload}),
    ]
