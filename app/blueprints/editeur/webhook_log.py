"""What left for a webhook: the log, each try, sending again, and checking a signature (003 §15.2 E; CONTRACT.md, Webhooks)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from flask import Response, flash, redirect, request, url_for

from app.blueprints.editeur.blueprint import bp
from app.blueprints.editeur.forms import SignatureForm
from app.blueprints.editeur.snippets import SNIPPETS
from app.blueprints.editeur.webhooks import HEALTH_DAYS, endpoint_of, taken_from_session
from app.blueprints.editeur.words import EVENT_LABELS, is_leaving, pretty
from app.core import clock
from app.core.errors import ConflictError
from app.extensions import limiter
from app.web.access import requires
from app.web.listing import asked_for, listed
from app.web.responding import respond, wants_fragment
from app.webhooks.endpoints import secret_of
from app.webhooks.models import Delivery, WebhookEndpoint
from app.webhooks.queries import attempts_of, body_of, deliveries_list, delivery_of, failures_of, health_of
from app.webhooks.replaying import replay, replay_failed

PERIODS = {"1": 1, "7": 7, "30": 30, "tout": 3650}
DEFAULT_PERIOD = "7"
PAGE = 15
FILTERS = ("q", "evenement", "resultat", "apres", "avant")
TEMPLATE = "editeur/webhook.html"


@bp.get("/webhooks/<webhook_id>")
@requires("webhooks.manage")
def webhook(webhook_id: str) -> Response:
    """The log, and the latest delivery in the pane beside it."""
    return _page(endpoint_of(webhook_id), None, "livraisons")


@bp.get("/webhooks/<webhook_id>/livraisons/<delivery_id>")
@requires("webhooks.manage")
def delivery(webhook_id: str, delivery_id: str) -> Response:
    """The same page with this delivery in the pane; for htmx, the pane alone."""
    endpoint = endpoint_of(webhook_id)
    chosen = delivery_of(endpoint.id, delivery_id)
    if wants_fragment():
        return respond(TEMPLATE, "livraison", endpoint=endpoint, **_pane(chosen))
    return _page(endpoint, chosen, None)


@bp.post("/webhooks/<webhook_id>/livraisons/<delivery_id>/rejouer")
@requires("webhooks.manage")
@limiter.limit("60/minute")
def replay_delivery(webhook_id: str, delivery_id: str) -> Response:
    """Send one again: same identifier, same bytes."""
    endpoint = endpoint_of(webhook_id)
    chosen = delivery_of(endpoint.id, delivery_id)
    try:
        replay(chosen.id, endpoint)
    except ConflictError as error:
        flash(error.message, "error")
    else:
        flash("Envoi relancé : même identifiant, mêmes octets.", "success")
    return redirect(url_for("editeur.delivery", webhook_id=endpoint.id, delivery_id=chosen.id), code=303)  # type: ignore[return-value]


@bp.post("/webhooks/<webhook_id>/rejouer")
@requires("webhooks.manage")
@limiter.limit("10/minute")
def replay_failures(webhook_id: str) -> Response:
    """Send again all that failed in a period."""
    endpoint = endpoint_of(webhook_id)
    period = request.form.get("periode", "")
    try:
        count = replay_failed(endpoint, since=_since(period))
    except ConflictError as error:
        flash(error.message, "error")
    else:
        flash(f"{count} envois relancés." if count > 1 else "Un envoi relancé." if count else "Aucun échec à rejouer.", "success")
    return redirect(url_for("editeur.webhook", webhook_id=endpoint.id, periode=period or None), code=303)  # type: ignore[return-value]


@bp.route("/webhooks/<webhook_id>/verifier", methods=["GET", "POST"])
@requires("webhooks.manage")
def verify_signature(webhook_id: str) -> Response:
    """Code that checks signatures, and a place to check one that was received."""
    endpoint, form = endpoint_of(webhook_id), SignatureForm()
    genuine = _is_genuine(endpoint, form) if form.validate_on_submit() else None
    language = request.args.get("langage", "")
    chosen = language if language in SNIPPETS else next(iter(SNIPPETS))
    return respond(
        "editeur/webhook_verify.html",
        endpoint=endpoint,
        form=form,
        genuine=genuine,
        snippets=SNIPPETS,
        language=chosen,
        status=422 if form.errors else 200,
    )


def _is_genuine(endpoint: WebhookEndpoint, form: SignatureForm) -> bool:
    """A browser sends the line ends of a text field as CRLF, whatever was pasted."""
    body = (form.body.data or "").replace("\r\n", "\n").encode()
    expected = "sha256=" + hmac.new(secret_of(endpoint.sealed_secret).encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, (form.signature.data or "").strip())


def _page(endpoint: WebhookEndpoint, chosen: Any, block: str | None) -> Response:
    period = asked_for("periode") if asked_for("periode") in PERIODS else DEFAULT_PERIOD
    since = _since(period)
    statement = deliveries_list(endpoint.id, q=asked_for("q"), event_type=asked_for("evenement"), result=asked_for("resultat"), since=since)
    page = listed(statement, {"quand": Delivery.created_at}, Delivery.id, default="-quand", limit=PAGE)
    words: dict[str, Any] = {"endpoint": endpoint, "page": page, "period": period, "failures": failures_of(endpoint.id, since)}
    words["moving"] = any(is_leaving(row) for row in page.rows)
    words["asked"] = {name: asked_for(name) or None for name in ("periode", "tri", *FILTERS)}
    words["filtered"] = any(asked_for(name) for name in FILTERS)
    if block and wants_fragment():
        return respond(TEMPLATE, block, **words, delivery=next((row for row in page.rows if row.id == asked_for("ouvert")), None))
    secret, outcome = taken_from_session(endpoint)
    chosen = chosen or (page.rows[0] if page.rows else None)
    return respond(
        TEMPLATE,
        **words,
        **_pane(chosen),
        health=health_of(endpoint.id, clock.now() - timedelta(days=HEALTH_DAYS)),
        health_days=HEALTH_DAYS,
        events=[(event, event) for event in EVENT_LABELS if event in endpoint.events],
        secret=secret,
        outcome=outcome,
    )


def _pane(chosen: Any) -> dict[str, Any]:
    """What the pane shows: the delivery, its tries, the body that was sent."""
    if chosen is None:
        return {"delivery": None, "attempts": [], "body": None}
    body = body_of(chosen.event_id)
    return {"delivery": chosen, "attempts": attempts_of(chosen.id), "body": pretty(body) if body else None}


def _since(period: str) -> datetime:
    return clock.now() - timedelta(days=PERIODS.get(period, PERIODS[DEFAULT_PERIOD]))
