"""Scoped reads of webhooks: how an endpoint fares, what left for it, what was told of a conversation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from app.core.errors import NotFoundError
from app.extensions import db
from app.webhooks.models import Delivery, DeliveryAttempt, Event, WebhookEndpoint

HEALTH_ROWS = 10_000
FAILURES_CAP = 1_000
RESULTS = {
    "livre": Delivery.status == "success",
    "echec": Delivery.status == "failed",
    "attente": Delivery.status.in_(("queued", "running")),
}
"""What the filter « Résultat » asks for, by its name in the URL."""
TROUBLED = or_(Delivery.status == "failed", and_(Delivery.status == "queued", Delivery.attempts > 0))


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint fared: the share of what was tried that arrived, in percent, and the median time in milliseconds."""

    delivered: float | None
    median_ms: int | None


def health_of(endpoint_id: str, since: datetime) -> Health:
    """Over the deliveries made since a moment, the latest 10,000 at most."""
    latest = (
        select(Delivery.status, Delivery.duration_ms)
        .where(Delivery.endpoint_id == endpoint_id, Delivery.created_at >= since, or_(Delivery.status == "success", TROUBLED))
        .order_by(Delivery.created_at.desc())
        .limit(HEALTH_ROWS)
        .subquery()
    )
    row = db.session.execute(
        select(
            func.count(),
            func.count().filter(latest.c.status == "success"),
            func.percentile_cont(0.5).within_group(latest.c.duration_ms).filter(latest.c.status == "success"),
        )
    ).one()
    return Health(100 * row[1] / row[0] if row[0] else None, round(row[2]) if row[2] is not None else None)


def deliveries_list(endpoint_id: str, *, q: str = "", event_type: str = "", result: str = "", since: datetime | None = None) -> Select[Any]:
    """Deliveries of an endpoint with what their event says of itself; order by (created_at, id).

    `q` is part of an identifier or of the object; `result` one of RESULTS.
    """
    statement = (
        select(
            Delivery.id,
            Delivery.event_id,
            Delivery.event_type,
            Delivery.status,
            Delivery.attempts,
            Delivery.status_code,
            Delivery.duration_ms,
            Delivery.error,
            Delivery.next_at,
            Delivery.created_at,
            Event.summary,
            Event.session_id,
        )
        .outerjoin(Event, Event.id == Delivery.event_id)
        .where(Delivery.endpoint_id == endpoint_id)
    )
    if q:
        statement = statement.where(
            or_(*(column.icontains(q, autoescape=True) for column in (Delivery.event_id, Event.session_id, Event.summary)))
        )
    if event_type:
        statement = statement.where(Delivery.event_type == event_type)
    if result in RESULTS:
        statement = statement.where(RESULTS[result])
    if since is not None:
        statement = statement.where(Delivery.created_at >= since)
    return statement


def failures_of(endpoint_id: str, since: datetime) -> int:
    """How many deliveries failed for good since a moment, capped at 1,000."""
    failed = select(Delivery.id).where(Delivery.endpoint_id == endpoint_id, Delivery.status == "failed", Delivery.created_at >= since)
    return db.session.scalar(select(func.count()).select_from(failed.limit(FAILURES_CAP).subquery())) or 0


def delivery_of(endpoint_id: str, delivery_id: str) -> Any:
    """One row of `deliveries_list`. Raises NotFoundError."""
    row = db.session.execute(deliveries_list(endpoint_id).where(Delivery.id == delivery_id)).one_or_none()
    if row is None:
        raise NotFoundError()
    return row


def attempts_of(delivery_id: str) -> list[DeliveryAttempt]:
    """Every try of a delivery, the latest first."""
    return list(
        db.session.scalars(
            select(DeliveryAttempt)
            .where(DeliveryAttempt.delivery_id == delivery_id)
            .order_by(DeliveryAttempt.number.desc(), DeliveryAttempt.created_at.desc())
        )
    )


def body_of(event_id: str) -> str | None:
    """The body of an event; None once its conversation is deleted."""
    return db.session.scalar(select(Event.body).where(Event.id == event_id))


def in_trouble(editor_id: str, since: datetime, limit: int = 5) -> list[Any]:
    """Deliveries of an editor that failed, or wait for another try, the latest first."""
    return list(
        db.session.execute(
            select(
                Delivery.id,
                Delivery.endpoint_id,
                Delivery.event_type,
                Delivery.status,
                Delivery.attempts,
                Delivery.status_code,
                Delivery.duration_ms,
                Delivery.error,
                Delivery.next_at,
                Delivery.created_at,
                WebhookEndpoint.url,
                WebhookEndpoint.retry_count,
            )
            .join(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
            .where(Delivery.editor_id == editor_id, Delivery.created_at >= since, TROUBLED)
            .order_by(Delivery.created_at.desc(), Delivery.id.desc())
            .limit(limit)
        )
    )


def trouble_count(editor_id: str, since: datetime) -> int:
    """How many deliveries of an editor failed for good since a moment, capped at 1,000."""
    failed = select(Delivery.id).where(Delivery.editor_id == editor_id, Delivery.status == "failed", Delivery.created_at >= since)
    return db.session.scalar(select(func.count()).select_from(failed.limit(FAILURES_CAP).subquery())) or 0


@dataclass(frozen=True, slots=True)
class Told:
    """An event of a conversation and where it went."""

    event: Any
    deliveries: list[Any]


def told_of(session_id: str, limit: int = 50) -> list[Told]:
    """The latest events of a conversation, each with its deliveries (two queries)."""
    events = db.session.execute(
        select(Event.id, Event.type, Event.summary, Event.created_at)
        .where(Event.session_id == session_id)
        .order_by(Event.created_at.desc(), Event.id.desc())
        .limit(limit)
    ).all()
    by_event: dict[str, list[Any]] = defaultdict(list)
    for row in db.session.execute(
        select(
            Delivery.id,
            Delivery.event_id,
            Delivery.endpoint_id,
            Delivery.status,
            Delivery.attempts,
            Delivery.status_code,
            Delivery.error,
            Delivery.next_at,
            WebhookEndpoint.url,
            WebhookEndpoint.retry_count,
        )
        .outerjoin(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
        .where(Delivery.event_id.in_([event.id for event in events]))
        .order_by(Delivery.created_at)
    ):
        by_event[row.event_id].append(row)
    return [Told(event, by_event[event.id]) for event in events]
