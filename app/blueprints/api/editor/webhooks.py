"""Webhooks of an editor (003 §15.2 E; CONTRACT.md, Webhooks)."""

from __future__ import annotations

from typing import Any

from app.blueprints.api.editor import schemas
from app.blueprints.api.editor.blueprint import bp
from app.web.access import requires, signed_in
from app.web.api import set_meta
from app.web.idempotency import holds_secret
from app.webhooks import endpoints
from app.webhooks.models import WebhookEndpoint


@bp.get("/webhooks")
@requires("webhooks.manage")
@bp.response(200, schemas.WebhookOut(many=True))
def webhooks() -> list[WebhookEndpoint]:
    """All subscriptions, the oldest first."""
    found = endpoints.endpoints_of(signed_in().account_id or "")
    set_meta(next_cursor=None, total=len(found))
    return found


@bp.post("/webhooks")
@requires("webhooks.manage")
@bp.arguments(schemas.WebhookIn, example=schemas.SUBSCRIPTION)
@bp.response(201, schemas.WebhookCreated)
def create(body: dict[str, Any]) -> dict[str, Any]:
    """Subscribe; the answer shows the secret, which the portal can show again."""
    made = endpoints.create_endpoint(signed_in(), **body)
    holds_secret(made.endpoint.id)
    return {name: getattr(made.endpoint, name) for name in schemas.WebhookOut().fields} | {"secret": made.secret}


@bp.post("/webhooks/<webhook_id>/test")
@requires("webhooks.manage")
@bp.response(200, schemas.TestSent)
def test(webhook_id: str) -> dict[str, Any]:
    """Send a signed test event now and tell what the receiver answered."""
    endpoint = endpoints.endpoint_by_id(webhook_id, signed_in().account_id or "")
    return endpoints.send_test(endpoint)
