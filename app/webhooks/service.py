"""Recording events: in the same transaction as the fact, so that none is lost and none is invented."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete

from app.core import clock
from app.core.ids import new_id
from app.core.money import dumps_money
from app.core.rows import insert_row
from app.core.transaction import after_commit
from app.extensions import db
from app.webhooks.jobs import request_drain
from app.webhooks.models import Event


def make_event(
    event_type: str,
    *,
    session_id: str | None,
    editor_id: str | None,
    artisan_id: str | None,
    particulier_id: str | None,
    summary: str,
    body: dict[str, Any],
) -> Event:
    """An event (003 §15.2 E with §17.5's `editor_id`), not yet written. The body is frozen here: every try sends the same bytes.

    `body` holds everything but `id`, `event` and `created_at`. Whoever writes it calls `tell_after_commit`.
    """
    event_id = new_id("evt")
    at = clock.now()
    whole = {"id": event_id, "event": event_type, "created_at": at.isoformat(timespec="seconds").replace("+00:00", "Z"), **body}
    return Event(
        id=event_id,
        type=event_type,
        session_id=session_id,
        editor_id=editor_id,
        artisan_id=artisan_id,
        particulier_id=particulier_id,
        summary=summary,
        body=dumps_money(whole).decode(),
        created_at=at,
        dispatched_at=None if editor_id else at,
    )


def record_event(event_type: str, **values: Any) -> Event:
    """Write an event: `make_event` says of what. Editors are told by the drain job once this commits."""
    event = make_event(event_type, **values)
    insert_row(event)
    tell_after_commit(event)
    return event


def tell_after_commit(event: Event) -> None:
    """Have the drain job tell editors of an event once it has committed."""
    if event.editor_id:
        after_commit(request_drain)


def forget_events(session_id: str) -> None:
    """Erase the events of a deleted conversation; a delivery still waiting for one then ends without being sent."""
    db.session.execute(delete(Event).where(Event.session_id == session_id))
