"""Sending again: the same event, the same bytes, under the same identifier (CONTRACT.md, Webhooks)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select, update

from app.audit.service import record
from app.core import clock
from app.core.errors import ConflictError
from app.core.transaction import after_commit
from app.extensions import db
from app.webhooks.jobs import request_drain
from app.webhooks.models import Delivery, Event, WebhookEndpoint

AT_ONCE = 1000
"""Failed deliveries sent again by one act."""


def replay(delivery_id: str, endpoint: WebhookEndpoint) -> None:
    """Send one delivery of this endpoint again, now. Raises ConflictError while it is being sent, when its endpoint is paused,
    or when its conversation was deleted since."""
    _check_in_service(endpoint)
    delivery = db.session.scalars(
        select(Delivery).where(Delivery.id == delivery_id, Delivery.endpoint_id == endpoint.id).with_for_update()
    ).one()
    if delivery.status == "running":
        raise ConflictError("Cet envoi est en cours. Attendez son résultat.", code="delivery_running")
    if not db.session.scalar(select(exists().where(Event.id == delivery.event_id))):
        raise ConflictError("La conversation de cet événement a été supprimée : son contenu n’est plus là.", code="event_deleted")
    delivery.status, delivery.next_at, delivery.finished_at = "queued", clock.now(), None
    record("webhook.replayed", endpoint.id, delivery_id=delivery.id)
    after_commit(request_drain)


def replay_failed(endpoint: WebhookEndpoint, *, since: datetime) -> int:
    """Send again what failed for good since a moment, the oldest first, 1,000 at most. Returns how many. Raises ConflictError."""
    _check_in_service(endpoint)
    failed = (
        select(Delivery.id)
        .where(Delivery.endpoint_id == endpoint.id, Delivery.status == "failed", Delivery.created_at >= since)
        .where(exists().where(Event.id == Delivery.event_id))
        .order_by(Delivery.created_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    ids = list(db.session.scalars(failed))
    if ids:
        again = update(Delivery).where(Delivery.id.in_(ids)).values(status="queued", next_at=clock.now(), finished_at=None)
        db.session.execute(again, execution_options={"synchronize_session": False})
        record("webhook.replayed", endpoint.id, count=len(ids))
        after_commit(request_drain)
    return len(ids)


def _check_in_service(endpoint: WebhookEndpoint) -> None:
    if not endpoint.is_active:
        raise ConflictError("Ce webhook est en pause. Remettez-le en service, puis rejouez l’envoi.", code="webhook_paused")
