"""The drain: events become deliveries, deliveries are tried, each try is logged (PERFORMANCE.md, Webhooks).

One job per process claims what is due with FOR UPDATE SKIP LOCKED; calls go out side by side on kept connections, outside of
any transaction, and are settled as they end. A claim is a lease: a delivery whose worker died falls due again by itself.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Row, select, text

from app.core import clock
from app.core.acting import platform
from app.core.crypto import UnsealError
from app.core.http import GuardedClient, HttpFailure, outbound
from app.core.jobs import enqueue
from app.core.transaction import transaction
from app.core.urls import BlockedAddressError
from app.extensions import db
from app.webhooks import jobs
from app.webhooks.dispatching import BATCH, dispatch_events
from app.webhooks.endpoints import secret_of
from app.webhooks.models import Delivery, Event, WebhookEndpoint
from app.webhooks.settling import Outcome, settle
from app.webhooks.signing import headers_for

log = structlog.get_logger(__name__)
PARALLEL = 200
CLAIM = 100
"""Deliveries claimed at once."""
PER_ENDPOINT = 60
"""An endpoint with as many calls going on waits for some to end before more are claimed, so that a slow one leaves room to the others."""
GRACE = 20.0
"""Seconds, beyond its own time-out, for which a claimed delivery is left to its worker."""
LATEST_START = GRACE / 2
"""Seconds after its claim from which a delivery is given back untried: its lease might end before its call does."""
GATHER_SECONDS = 0.02
"""Calls that end within this time are settled together, in the round trips of one."""
CLAIMING_SECONDS = 60.0
"""How long one run goes on claiming; its calls then end well within the job's time."""
_pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="webhooks")
_one_at_a_time = threading.Lock()
_asked = threading.Event()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until its lease ends."""

    row: Row
    secret: str | None
    """None: no endpoint any more, or no key of ours opens it."""
    at: float
    """Monotonic seconds."""


def drain() -> None:
    """Send all that is due; one run at a time in a process, which also does what is asked for meanwhile."""
    _asked.set()
    while _asked.is_set() and _one_at_a_time.acquire(blocking=False):
        try:
            _asked.clear()
            if not run_drain():
                enqueue(jobs.drain)
        finally:
            _one_at_a_time.release()


def run_drain(seconds: float = CLAIMING_SECONDS) -> bool:
    """Dispatch and try until nothing is due. False when `seconds` ended it before. What has ended is settled whatever happens."""
    client, until = outbound(), time.monotonic() + seconds
    going: dict[Future[Outcome | None], Claimed] = {}
    try:
        while True:
            in_time = time.monotonic() < until
            dispatched = dispatch_events() if in_time else 0
            claimed = _claim(going) if in_time else []
            for one in claimed:
                going[_pool.submit(_try, client, one)] = one
            if not going and not claimed and dispatched < BATCH:
                return in_time
            if going:
                wait(going, timeout=0.2, return_when=FIRST_COMPLETED)
                wait(going, timeout=GATHER_SECONDS)
                _settle_ended(going)
    finally:
        for future in going:
            future.cancel()
        _settle_ended(going)


def _settle_ended(going: dict[Future[Outcome | None], Claimed]) -> None:
    ended = [future for future in going if future.done() and not future.cancelled()]
    if not ended:
        return
    results = [(going.pop(future).row, future.result()) for future in ended]
    with transaction(platform("drain")):
        settle(results)


def _claim(going: dict[Future[Outcome | None], Claimed]) -> list[Claimed]:
    """Take what is due, as far as there is room, and say until when it is ours."""
    room = min(CLAIM, PARALLEL - len(going))
    if room <= 0:
        return []
    busy = [endpoint for endpoint, calls in Counter(one.row.endpoint_id for one in going.values()).items() if calls >= PER_ENDPOINT]
    now, at = clock.now(), time.monotonic()
    with transaction(platform("drain")):
        ids = _lease(now, room, busy)
        rows = _rows(ids) if ids else []
    secrets = {sealed: _readable(sealed) for sealed in {row.sealed_secret for row in rows} if sealed}
    return [Claimed(row, secrets.get(row.sealed_secret), at) for row in rows]


def _readable(sealed: str) -> str | None:
    """One secret that no key of ours opens must not hold up the others."""
    try:
        return secret_of(sealed)
    except UnsealError:
        log.error("webhooks.secret_unreadable")
        return None


def _lease(now: datetime, room: int, busy: list[str]) -> list[str]:
    due = (
        select(Delivery.id)
        .where(Delivery.status.in_(("queued", "running")), Delivery.next_at <= now)
        .order_by(Delivery.next_at)
        .limit(room)
        .with_for_update(skip_locked=True)
    )
    if busy:
        due = due.where(Delivery.endpoint_id.not_in(busy))
    ids = list(db.session.scalars(due))
    if ids:
        db.session.execute(
            text(
                "UPDATE deliveries d SET status = 'running', attempts = d.attempts + 1, "
                "next_at = :now + make_interval(secs => COALESCE(e.timeout_ms, 5000) / 1000.0) + :grace "
                "FROM deliveries same LEFT JOIN webhook_endpoints e ON e.id = same.endpoint_id WHERE same.id = d.id AND d.id = ANY(:ids)"
            ),
            {"now": now, "grace": timedelta(seconds=GRACE), "ids": ids},
        )
    return ids


def _rows(ids: list[str]) -> list[Row]:
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
        )
    )


def _try(client: GuardedClient, claimed: Claimed) -> Outcome | None:
    """One call, in a thread without an application context; None when it is too late to begin, or the endpoint is paused.

    The body is the event's, byte for byte; the signature is of this try.
    """
    row = claimed.row
    if row.body is None:
        return Outcome(error="La conversation a été supprimée avant l’envoi.", final=True)
    if row.url is None:
        return Outcome(error="Le webhook a été supprimé avant l’envoi.", final=True)
    if not row.is_active or time.monotonic() - claimed.at > LATEST_START:
        return None
    if claimed.secret is None:
        return Outcome(error="Le secret de ce webhook est illisible de notre côté.")
    body = row.body.encode()
    headers = {"Content-Type": "application/json", **headers_for(row.event_id, row.event_type, body, claimed.secret, clock.now())}
    sent = "\n".join(f"{name}: {value}" for name, value in headers.items())
    started = time.monotonic()
    try:
        result = client.post(row.url, body, headers, row.timeout_ms / 1000)
    except BlockedAddressError as error:
        return Outcome(error=str(error), sent=sent)
    except HttpFailure as error:
        return Outcome(error=error.message_fr, duration_ms=round((time.monotonic() - started) * 1000), sent=sent)
    except Exception:
        # One delivery that nobody foresaw must not hold up the others, nor come back for ever.
        log.exception("webhooks.try_failed", delivery_id=row.id)
        return Outcome(error="L’envoi a échoué de notre côté.", sent=sent)
    ok = 200 <= result.status < 300
    return Outcome(
        ok=ok,
        status_code=result.status,
        duration_ms=result.duration_ms,
        error=None if ok else f"Réponse {result.status}",
        excerpt=result.body_excerpt,
        sent=sent,
    )
