"""Sending a message and following its reply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, request, stream_with_context

from app.blueprints.api.widget import schemas
from app.blueprints.api.widget.blueprint import bp, holder
from app.conversations import queries, service
from app.conversations.following import follow_reply
from app.extensions import limiter
from app.web.access import public


@bp.post("/message")
@public
@bp.arguments(schemas.MessageIn)
@bp.response(202, schemas.MessageAccepted)
@bp.refuses(404)
def send(body: dict[str, Any]) -> dict[str, Any]:
    """Keep a message and queue its reply; answers at once."""
    me = holder()
    posted = service.post_message(me.session_id, body["content"], body["client_message_id"], body["file_ids"], body["context"])
    return {
        "message_id": posted.reply_id,
        "user_message_id": posted.message_id,
        "status": posted.reply_status,
        "position": posted.waiting,
    }


@bp.get("/message/<message_id>/status")
@public
@bp.response(200, schemas.StatusOut)
def status(message_id: str) -> dict[str, Any]:
    """The polling twin of the stream."""
    message = queries.message_of(holder().session_id, message_id)
    return {
        "status": message.status,
        "content": message.content,
        "metadata": {key: message.details.get(key) for key in ("model", "tokens", "generation_time_ms")},
        # Why is for the staff: a person's device learns no more than from the stream.
        "error": "reply_failed" if message.status == "failed" else None,
        "message": queries.one_message(message),
    }


@bp.get("/message/<message_id>/stream")
@public
@limiter.limit("120/minute")
@bp.response(200, content_type="text/event-stream", description="Événements token, tool, restart, done, error")
def stream(message_id: str) -> Response:
    """Server-sent events of a reply; `Last-Event-ID` resumes. The reply is finished and stored even if nobody listens."""
    me = holder()
    finished = queries.is_finished(me.session_id, message_id)
    last_id = request.headers.get("Last-Event-ID") or None

    def lines() -> Iterator[str]:
        for item in follow_reply(me.actor, message_id, last_id, finished=finished):
            if item is None:
                yield ": …\n\n"
            else:
                head = f"id: {item.id}\n" if item.id else ""
                yield f"{head}event: {item.name}\ndata: {item.raw}\n\n"

    response = Response(stream_with_context(lines()), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-cache, no-transform"
    response.headers["X-Accel-Buffering"] = "no"
    return response


@bp.post("/message/<message_id>/stop")
@public
@bp.response(200, schemas.MessageOut)
def stop(message_id: str) -> dict[str, Any]:
    """Stop a reply: what was written so far is kept."""
    return queries.one_message(service.stop_reply(holder().session_id, message_id))


@bp.post("/message/<message_id>/retry")
@public
@limiter.limit("10/minute")
@bp.response(200, schemas.MessageOut)
@bp.refuses(409)
def retry(message_id: str) -> dict[str, Any]:
    """Write a failed or stopped reply again."""
    return queries.one_message(service.retry_reply(holder().session_id, message_id))


@bp.post("/message/<message_id>/rating")
@public
@bp.arguments(schemas.RatingIn)
@bp.response(200, schemas.MessageOut)
def rate(body: dict[str, Any], message_id: str) -> dict[str, Any]:
    """Say whether a reply helped."""
    return queries.one_message(service.rate_reply(holder().session_id, message_id, body["rating"]))
