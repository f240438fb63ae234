"""Subscriptions of editors: made, changed, tested, paused; their secret revealed and rotated (PRODUCT.md, Secrets)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from app.audit.service import record
from app.core import clock
from app.core.acting import Actor
from app.core.crypto import seal, unseal
from app.core.errors import InvalidError, LimitError, NotFoundError
from app.core.http import HttpFailure, outbound
from app.core.ids import new_id
from app.core.money import dumps_money
from app.core.transaction import after_commit, release
from app.core.urls import BlockedAddressError
from app.extensions import db
from app.webhooks.jobs import request_drain
from app.webhooks.models import EVENT_TYPES, Delivery, WebhookEndpoint
from app.webhooks.signing import headers_for, new_webhook_secret

MAX_ENDPOINTS = 20
_PURPOSE = "webhook"


@dataclass(frozen=True, slots=True)
class Created:
    """A new subscription and its secret."""

    endpoint: WebhookEndpoint
    secret: str


def endpoints_of(editor_id: str) -> list[WebhookEndpoint]:
    """All subscriptions of an editor, the oldest first."""
    return list(
        db.session.scalars(
            select(WebhookEndpoint).where(WebhookEndpoint.editor_id == editor_id).order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)
        )
    )


def endpoint_by_id(webhook_id: str, editor_id: str) -> WebhookEndpoint:
    """A subscription of this editor. Raises NotFoundError."""
    found = db.session.scalar(select(WebhookEndpoint).where(WebhookEndpoint.id == webhook_id, WebhookEndpoint.editor_id == editor_id))
    if found is None:
        raise NotFoundError()
    return found


def create_endpoint(actor: Actor, *, url: str, events: list[str], retry_count: int = 8, timeout_ms: int = 5000) -> Created:
    """Subscribe. The address must be one our guarded client may call. Raises InvalidError, LimitError (20 an editor)."""
    if len(endpoints_of(actor.account_id or "")) >= MAX_ENDPOINTS:
        raise LimitError(f"{MAX_ENDPOINTS} webhooks au plus.", code="too_many_webhooks")
    secret = new_webhook_secret()
    endpoint = WebhookEndpoint(editor_id=actor.account_id, sealed_secret=seal(secret.encode(), purpose=_PURPOSE))
    configure_endpoint(endpoint, url=url, events=events, retry_count=retry_count, timeout_ms=timeout_ms)
    db.session.add(endpoint)
    db.session.flush()
    record("webhook.created", endpoint.id)
    return Created(endpoint, secret)


def configure_endpoint(endpoint: WebhookEndpoint, *, url: str, events: list[str], retry_count: int, timeout_ms: int) -> None:
    """Set where and what of a subscription. Raises InvalidError by field."""
    try:
        outbound().resolve(url)
    except BlockedAddressError as error:
        raise InvalidError("L’adresse du webhook est à corriger.", {"url": [str(error)]}) from None
    except HttpFailure as error:
        raise InvalidError("L’adresse du webhook est à corriger.", {"url": [error.message_fr]}) from None
    wanted = [event for event in EVENT_TYPES if event in events]
    if not wanted:
        raise InvalidError("Choisissez au moins un événement.", {"events": ["Au moins un."]})
    endpoint.url, endpoint.events = url, wanted
    endpoint.retry_count, endpoint.timeout_ms = retry_count, timeout_ms


def switch_endpoint(endpoint: WebhookEndpoint, *, active: bool) -> None:
    """Pause a subscription, or open it again: what waited for it meanwhile then leaves."""
    endpoint.is_active, endpoint.disabled_reason = active, None
    if active:
        endpoint.failure_count = 0
    db.session.flush()
    if active:
        waiting = update(Delivery).where(Delivery.endpoint_id == endpoint.id, Delivery.status == "queued", Delivery.next_at.is_(None))
        db.session.execute(waiting.values(next_at=clock.now()))
        after_commit(request_drain)
    else:
        hold_deliveries(endpoint.id)
    record("webhook.resumed" if active else "webhook.paused", endpoint.id)


def hold_deliveries(endpoint_id: str) -> None:
    """Nothing more leaves for an endpoint until it is put back in service; nothing is lost either."""
    db.session.execute(update(Delivery).where(Delivery.endpoint_id == endpoint_id, Delivery.status == "queued").values(next_at=None))


def delete_endpoint(endpoint: WebhookEndpoint) -> None:
    """End a subscription; its log stays, and what still waited ends there, unsent."""
    record("webhook.deleted", endpoint.id)
    waiting = update(Delivery).where(Delivery.endpoint_id == endpoint.id, Delivery.status == "queued")
    db.session.execute(
        waiting.values(status="failed", next_at=None, finished_at=clock.now(), error="Le webhook a été supprimé avant l’envoi.")
    )
    db.session.delete(endpoint)


def reveal_secret(endpoint: WebhookEndpoint) -> str:
    """The secret as shown at creation; each look is recorded."""
    record("webhook.secret_revealed", endpoint.id)
    return secret_of(endpoint.sealed_secret)


def secret_of(sealed: str) -> str:
    """The secret that signs."""
    return unseal(sealed, purpose=_PURPOSE).decode()


def rotate_secret(endpoint: WebhookEndpoint) -> str:
    """A new secret, in force at once."""
    secret = new_webhook_secret()
    endpoint.sealed_secret = seal(secret.encode(), purpose=_PURPOSE)
    record("webhook.secret_rotated", endpoint.id)
    return secret


def reseal_secrets() -> int:
    """Seal every secret again under the newest master key; how many."""
    endpoints = db.session.scalars(select(WebhookEndpoint).with_for_update()).all()
    for endpoint in endpoints:
        endpoint.sealed_secret = seal(secret_of(endpoint.sealed_secret).encode(), purpose=_PURPOSE)
    db.session.flush()
    return len(endpoints)


def send_test(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Send a signed `webhook.test` now, outside of the log, and tell what came back."""
    event_id = new_id("evt")
    now = clock.now()
    body = dumps_money(
        {
            "id": event_id,
            "event": "webhook.test",
            "created_at": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "editor_id": endpoint.editor_id,
            "data": {"message": "Ceci est un essai d’AI-Manager."},
        }
    )
    headers = headers_for(event_id, "webhook.test", body, secret_of(endpoint.sealed_secret), now)
    url, timeout = endpoint.url, endpoint.timeout_ms / 1000
    release()
    outcome: dict[str, Any] = {"event_id": event_id, "status_code": None, "duration_ms": 0, "error": None, "excerpt": ""}
    try:
        result = outbound().post(url, body, {"Content-Type": "application/json", **headers}, timeout)
        outcome |= {"status_code": result.status, "duration_ms": result.duration_ms, "excerpt": result.body_excerpt}
    except BlockedAddressError as error:
        outcome["error"] = str(error)
    except HttpFailure as error:
        outcome["error"] = error.message_fr
    return outcome | {"success": outcome["status_code"] is not None and 200 <= outcome["status_code"] < 300}
