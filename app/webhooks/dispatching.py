"""From events to deliveries: one per subscribed endpoint, each event once (PRODUCT.md, Nothing is lost)."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from app.core import clock
from app.core.acting import platform
from app.core.ids import new_id
from app.core.transaction import transaction
from app.extensions import db
from app.webhooks.models import Delivery, Event, WebhookEndpoint

BATCH = 200


def dispatch_events() -> int:
    """Turn a batch of new events into one delivery per subscribed endpoint. Returns how many events.

    A paused endpoint's deliveries are held (`next_at` empty) until it is put back in service.
    """
    now = clock.now()
    with transaction(platform("drain")):
        events = db.session.execute(
            select(Event.id, Event.type, Event.editor_id)
            .where(Event.dispatched_at.is_(None))
            .order_by(Event.created_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        if not events:
            return 0
        endpoints = db.session.execute(
            select(WebhookEndpoint.id, WebhookEndpoint.editor_id, WebhookEndpoint.events, WebhookEndpoint.is_active)
            .where(WebhookEndpoint.editor_id.in_({event.editor_id for event in events}))
            # Nobody puts an endpoint back in service between this look and the delivery held for it.
            .order_by(WebhookEndpoint.id)
            .with_for_update(read=True)
        ).all()
        rows = [
            {
                "id": new_id("dlv"),
                "event_id": event.id,
                "event_type": event.type,
                "endpoint_id": endpoint.id,
                "editor_id": event.editor_id,
                "status": "queued",
                "attempts": 0,
                "next_at": now if endpoint.is_active else None,
                "created_at": now,
            }
            for event in events
            for endpoint in endpoints
            if endpoint.editor_id == event.editor_id and event.type in endpoint.events
        ]
        if rows:
            db.session.execute(insert(Delivery).values(rows))
        db.session.execute(update(Event).where(Event.id.in_([event.id for event in events])).values(dispatched_at=now))
    return len(events)
