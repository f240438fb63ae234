"""What comes after a try: its line in the log, the next try or the end, and the health of the endpoint."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, text

from app.core import clock
from app.core.ids import new_id
from app.extensions import db
from app.notifications.service import notify
from app.webhooks.endpoints import hold_deliveries
from app.webhooks.models import WebhookEndpoint

DELAYS = (5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, 86_400)
"""Seconds before each new try."""
PAUSED_AFTER = 50
"""Failed deliveries in a row after which an endpoint is paused and its editor told."""

_SETTLE = text(
    """
    WITH results AS (
      SELECT * FROM jsonb_to_recordset(CAST(:results AS jsonb)) AS r(id text, attempts integer, untried boolean, status text,
        status_code integer, duration_ms integer, error text, next_at timestamptz, finished_at timestamptz,
        attempt_id text, editor_id text, excerpt text, sent text)
    ), settled AS (
      UPDATE deliveries d SET status = r.status, attempts = d.attempts - r.untried::int, next_at = r.next_at, finished_at = r.finished_at,
        status_code = CASE WHEN r.untried THEN d.status_code ELSE r.status_code END,
        duration_ms = CASE WHEN r.untried THEN d.duration_ms ELSE r.duration_ms END,
        error = CASE WHEN r.untried THEN d.error ELSE r.error END
      FROM results r WHERE d.id = r.id AND d.status = 'running' AND d.attempts = r.attempts RETURNING d.id
    ), logged AS (
      INSERT INTO delivery_attempts
        (id, delivery_id, editor_id, number, status_code, duration_ms, error, response_excerpt, sent_headers, created_at)
      SELECT r.attempt_id, r.id, r.editor_id, r.attempts, r.status_code, r.duration_ms, r.error, r.excerpt, r.sent, :now
      FROM results r JOIN settled USING (id) WHERE NOT r.untried
    )
    SELECT id FROM settled
    """
)
"""One statement for a whole group: each round trip costs more than a delivery's own row."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one try gave. `final`: trying again cannot help."""

    ok: bool = False
    status_code: int | None = None
    duration_ms: int = 0
    error: str | None = None
    excerpt: str | None = None
    sent: str = ""
    final: bool = False


def settle(results: list[tuple[Row, Outcome | None]]) -> None:
    """Log tries and decide what comes next, within the open transaction. A delivery that another worker took over is left to it.

    None: not tried after all; it is due again at once, or held while its endpoint is paused.
    """
    # In one order: two drains that settle the same endpoints wait for each other, never in a circle. The lock also keeps
    # a delivery from being held while its endpoint is put back in service.
    wanted = select(WebhookEndpoint).where(WebhookEndpoint.id.in_({row.endpoint_id for row, _ in results}))
    endpoints = {found.id: found for found in db.session.scalars(wanted.order_by(WebhookEndpoint.id).with_for_update())}
    values = {row.id: _what_next(row, outcome, endpoints.get(row.endpoint_id)) for row, outcome in results}
    settled = set(db.session.scalars(_SETTLE, {"results": json.dumps(list(values.values())), "now": clock.now()}))
    tried = [(row, outcome) for row, outcome in results if outcome is not None and row.id in settled]
    ended: dict[str, list[bool]] = defaultdict(list)
    for row, outcome in tried:
        if values[row.id]["status"] != "queued" and not outcome.final:
            ended[row.endpoint_id].append(outcome.ok)
    for endpoint_id, oks in ended.items():
        if endpoint := endpoints.get(endpoint_id):
            _count_results(endpoint, oks)


def _what_next(row: Row, outcome: Outcome | None, endpoint: WebhookEndpoint | None) -> dict[str, Any]:
    now = clock.now()
    value: dict[str, Any] = {"id": row.id, "attempts": row.attempts, "untried": outcome is None}
    if outcome is None:
        held = endpoint is not None and not endpoint.is_active
        return value | {"status": "queued", "next_at": None if held else now.isoformat()}
    value |= {"status_code": outcome.status_code, "duration_ms": outcome.duration_ms, "error": outcome.error}
    value |= {"attempt_id": new_id("att"), "editor_id": row.editor_id, "excerpt": outcome.excerpt, "sent": outcome.sent}
    if outcome.ok or outcome.final or row.attempts > row.retry_count:
        return value | {"status": "success" if outcome.ok else "failed", "finished_at": now.isoformat()}
    delay = timedelta(seconds=DELAYS[min(row.attempts, len(DELAYS)) - 1])
    return value | {"status": "queued", "next_at": (now + delay).isoformat()}


def _count_results(endpoint: WebhookEndpoint, results: list[bool]) -> None:
    """Keep how an endpoint fares; pause one that only fails, and tell its editor."""
    endpoint.last_triggered_at, endpoint.last_status = clock.now(), "success" if results[-1] else "failed"
    for ok in results:
        endpoint.failure_count = 0 if ok else endpoint.failure_count + 1
    if endpoint.failure_count >= PAUSED_AFTER and endpoint.is_active:
        endpoint.is_active, endpoint.disabled_reason = False, "Trop d’échecs de suite."
        hold_deliveries(endpoint.id)
        notify(
            endpoint.editor_id,
            kind="webhook_disabled",
            title="Un webhook a été mis en pause",
            body=f"{endpoint.url} a échoué {PAUSED_AFTER} fois de suite. Vérifiez le destinataire, puis remettez-le en service : "
            "les envois en attente partiront alors.",
            url=f"/editeur/webhooks/{endpoint.id}",
        )
