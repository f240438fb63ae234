"""The drain: events become deliveries, deliveries are tried, each try is logged (PERFORMANCE.md, Webhooks).

One job takes batches with FOR UPDATE SKIP LOCKED; calls go out side by side on kept connections, outside of any
transaction. A delivery whose worker died falls due again by itself.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import Row, insert, select, text, update

from app.core import clock
from app.core.acting import platform
from app.core.http import GuardedClient, HttpFailure, outbound
from app.core.ids import new_id
from app.core.jobs import enqueue
from app.core.transaction import after_commit, transaction
from app.core.urls import BlockedAddressError
from app.extensions import db
from app.notifications.service import notify
from app.webhooks import jobs
from app.webhooks.endpoints import secret_of
from app.webhooks.models import Delivery, DeliveryAttempt, Event, WebhookEndpoint
from app.webhooks.signing import headers_for

log = structlog.get_logger(__name__)
BATCH = 200
PARALLEL = 50
DELAYS = (5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, 86_400)
"""Seconds before each new try."""
PAUSED_AFTER = 50
"""Failed deliveries in a row after which an endpoint is paused and its editor told."""
GRACE = timedelta(seconds=20)
"""Beyond its own time-out, how long a running delivery is left to its worker."""
_pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="webhooks")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one try gave."""

    ok: bool
    status_code: int | None
    duration_ms: int
    error: str | None
    excerpt: str | None
    sent: str


def drain() -> None:
    """Dispatch new events and try what is due, until nothing is left; a full batch asks for the next drain."""
    dispatched = dispatch_events()
    tried = try_due_deliveries()
    if dispatched == BATCH or tried == BATCH:
        enqueue(jobs.drain)


def dispatch_events() -> int:
    """Turn a batch of new events into one delivery per subscribed endpoint. Returns how many events."""
    now = clock.now()
    with transaction(platform("drain")):
        events = db.session.scalars(
            select(Event).where(Event.dispatched_at.is_(None)).order_by(Event.created_at).limit(BATCH).with_for_update(skip_locked=True)
        ).all()
        editors = {event.editor_id for event in events}
        endpoints = db.session.scalars(
            select(WebhookEndpoint).where(WebhookEndpoint.editor_id.in_(editors), WebhookEndpoint.is_active)
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
                "next_at": now,
                "created_at": now,
            }
            for event in events
            for endpoint in endpoints
            if endpoint.editor_id == event.editor_id and event.type in endpoint.events
        ]
        if rows:
            db.session.execute(insert(Delivery), rows)
        for event in events:
            event.dispatched_at = now
    return len(events)


def try_due_deliveries() -> int:
    """Try a batch of due deliveries side by side. Returns how many."""
    with transaction(platform("drain")):
        due = _claim_due()
    client, secrets = outbound(), {row.sealed_secret: secret_of(row.sealed_secret) for row in due if row.sealed_secret}
    results = list(zip(due, _pool.map(lambda row: _try(client, secrets.get(row.sealed_secret, ""), row), due), strict=True))
    if results:
        with transaction(platform("drain")):
            for row, outcome in results:
                _settle(row, outcome)
    return len(due)


def _claim_due() -> list[Row]:
    now = clock.now()
    ids = db.session.scalars(
        select(Delivery.id)
        .where(Delivery.status.in_(("queued", "running")), Delivery.next_at <= now)
        .order_by(Delivery.next_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    if not ids:
        return []
    db.session.execute(
        text(
            "UPDATE deliveries d SET status = 'running', attempts = d.attempts + 1, "
            "next_at = :now + make_interval(secs => COALESCE(e.timeout_ms, 5000) / 1000.0) + :grace "
            "FROM deliveries same LEFT JOIN webhook_endpoints e ON e.id = same.endpoint_id WHERE same.id = d.id AND d.id = ANY(:ids)"
        ),
        {"now": now, "grace": GRACE, "ids": list(ids)},
    )
    return list(
        db.session.execute(
            select(
                Delivery.id,
                Delivery.attempts,
                Delivery.editor_id,
                Delivery.event_id,
                Delivery.event_type,
                Delivery.endpoint_id,
                Event.body,
                WebhookEndpoint.url,
                WebhookEndpoint.sealed_secret,
                WebhookEndpoint.timeout_ms,
                WebhookEndpoint.retry_count,
                WebhookEndpoint.is_active,
            )
            .outerjoin(Event, Event.id == Delivery.event_id)
            .outerjoin(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
            .where(Delivery.id.in_(ids))
        ).all()
    )


def _try(client: GuardedClient, secret: str, row: Row) -> Outcome:
    """One call, in a thread without an application context. The body is the event's, byte for byte; the signature is of this try."""
    if row.body is None:
        return Outcome(False, None, 0, "La conversation a été supprimée avant l’envoi.", None, "")
    if row.url is None or not row.is_active:
        return Outcome(False, None, 0, "Le webhook a été supprimé ou mis en pause.", None, "")
    body = row.body.encode()
    headers = headers_for(row.event_id, row.event_type, body, secret, clock.now())
    sent = "\n".join(f"{name}: {value}" for name, value in headers.items())
    try:
        result = client.post(row.url, body, {"Content-Type": "application/json", **headers}, row.timeout_ms / 1000)
    except BlockedAddressError as error:
        return Outcome(False, None, 0, str(error), None, sent)
    except HttpFailure as error:
        return Outcome(False, None, row.timeout_ms if error.kind == "timeout" else 0, error.message_fr, None, sent)
    ok = 200 <= result.status < 300
    return Outcome(ok, result.status, result.duration_ms, None if ok else f"Réponse {result.status}", result.body_excerpt, sent)


def _settle(row: Row, outcome: Outcome) -> None:
    """Log the try and decide what comes next. A delivery that another worker took over meanwhile is left to it."""
    now = clock.now()
    gone = row.body is None or row.url is None or not row.is_active
    final = outcome.ok or gone or row.attempts > row.retry_count
    values = {"status_code": outcome.status_code, "duration_ms": outcome.duration_ms, "error": outcome.error}
    if final:
        values |= {"status": "success" if outcome.ok else "failed", "next_at": None, "finished_at": now}
    else:
        values |= {"status": "queued", "next_at": now + timedelta(seconds=DELAYS[min(row.attempts, len(DELAYS)) - 1])}
    settled = db.session.execute(
        update(Delivery).where(Delivery.id == row.id, Delivery.status == "running", Delivery.attempts == row.attempts).values(values)
    )
    if settled.rowcount != 1:
        return
    db.session.execute(
        insert(DeliveryAttempt).values(
            id=new_id("att"),
            delivery_id=row.id,
            editor_id=row.editor_id,
            number=row.attempts,
            status_code=outcome.status_code,
            duration_ms=outcome.duration_ms,
            error=outcome.error,
            response_excerpt=outcome.excerpt,
            sent_headers=outcome.sent,
            created_at=now,
        )
    )
    if final and not gone:
        _count_result(row.endpoint_id, outcome.ok)


def _count_result(endpoint_id: str, ok: bool) -> None:
    endpoint = db.session.get(WebhookEndpoint, endpoint_id)
    if endpoint is None:
        return
    endpoint.last_triggered_at, endpoint.last_status = clock.now(), "success" if ok else "failed"
    endpoint.failure_count = 0 if ok else endpoint.failure_count + 1
    if endpoint.failure_count >= PAUSED_AFTER and endpoint.is_active:
        endpoint.is_active, endpoint.disabled_reason = False, "Trop d’échecs de suite."
        notify(
            endpoint.editor_id,
            kind="webhook_disabled",
            title="Un webhook a été mis en pause",
            body=f"{endpoint.url} a échoué {PAUSED_AFTER} fois de suite. Vérifiez le destinataire, puis remettez-le en service.",
            url=f"/editeur/webhooks/{endpoint.id}",
        )


def replay(delivery: Delivery) -> None:
    """Send again, now: the same event, the same bytes."""
    delivery.status, delivery.next_at, delivery.finished_at = "queued", clock.now(), None
    after_commit(jobs.request_drain)
