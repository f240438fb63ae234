"""Webhooks: subscriptions made, tested, paused, their secret shown and changed (003 §15.2 E)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, flash, redirect, request, session, url_for

from app.blueprints.editeur.blueprint import account_id, bp
from app.blueprints.editeur.forms import EndpointForm
from app.core import clock
from app.core.acting import Actor
from app.core.errors import InvalidError, LimitError
from app.extensions import limiter
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.navigation import badge
from app.web.responding import respond
from app.webhooks import endpoints
from app.webhooks.models import WebhookEndpoint
from app.webhooks.queries import failures_of, health_of, trouble_count

HEALTH_DAYS = 30
OUTCOME = "webhook_test"
SHOW_SECRET = "webhook_secret"
EXCERPT = 300


@badge("editeur.webhooks", kind="action")
def _failed_today(actor: Actor) -> int:
    return trouble_count(actor.account_id or "", clock.now() - timedelta(days=1))


@bp.get("/webhooks")
@requires("webhooks.manage")
def webhooks() -> Response:
    """All subscriptions with how they fare."""
    since = clock.now() - timedelta(days=HEALTH_DAYS)
    found = [
        (endpoint, health_of(endpoint.id, since), failures_of(endpoint.id, since)) for endpoint in endpoints.endpoints_of(account_id())
    ]
    return respond("editeur/webhooks.html", endpoints=found)


@bp.route("/webhooks/nouveau", methods=["GET", "POST"])
@requires("webhooks.manage")
def new_webhook() -> Response:
    """Subscribe; the secret is shown on the next page."""
    form = EndpointForm()
    if form.validate_on_submit():
        try:
            made = endpoints.create_endpoint(signed_in(), **_settings(form))
        except (InvalidError, LimitError) as error:
            put_errors(form, error if isinstance(error, InvalidError) else InvalidError(error.message))
        else:
            session[SHOW_SECRET] = made.endpoint.id
            flash("Webhook créé. Copiez son secret sur votre serveur, puis envoyez un test.", "success")
            return _back(made.endpoint.id)
    return respond("editeur/webhook_form.html", form=form, endpoint=None, status=422 if form.errors else 200)


@bp.route("/webhooks/<webhook_id>/modifier", methods=["GET", "POST"])
@requires("webhooks.manage")
def edit_webhook(webhook_id: str) -> Response:
    """Change where and what."""
    endpoint = endpoint_of(webhook_id)
    form = EndpointForm(obj=endpoint)
    if form.validate_on_submit():
        try:
            endpoints.configure_endpoint(endpoint, **_settings(form))
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash("Webhook enregistré.", "success")
            return _back(endpoint.id)
    return respond("editeur/webhook_form.html", form=form, endpoint=endpoint, status=422 if form.errors else 200)


@bp.post("/webhooks/<webhook_id>/essai")
@requires("webhooks.manage")
@limiter.limit("30/minute")
def test_webhook(webhook_id: str) -> Response:
    """Send a signed test event now; the next page tells what came back."""
    outcome = endpoints.send_test(endpoint_of(webhook_id))
    session[OUTCOME] = {"webhook": webhook_id, **outcome, "excerpt": outcome["excerpt"][:EXCERPT]}
    return _back(webhook_id)


@bp.post("/webhooks/<webhook_id>/secret")
@requires("webhooks.manage")
@limiter.limit("30/minute")
def show_secret(webhook_id: str) -> Response:
    """Show the secret on the next page; each look is recorded."""
    session[SHOW_SECRET] = endpoint_of(webhook_id).id
    return _back(webhook_id)


@bp.post("/webhooks/<webhook_id>/secret/changer")
@requires("webhooks.manage")
def change_secret(webhook_id: str) -> Response:
    """A new secret, in force at once."""
    endpoint = endpoint_of(webhook_id)
    endpoints.rotate_secret(endpoint)
    session[SHOW_SECRET] = endpoint.id
    flash("Nouveau secret en vigueur. L’ancien ne signe plus rien.", "success")
    return _back(webhook_id)


@bp.post("/webhooks/<webhook_id>/etat")
@requires("webhooks.manage")
def switch_webhook(webhook_id: str) -> Response:
    """Pause, or put back in service."""
    endpoint, active = endpoint_of(webhook_id), request.form.get("actif") == "1"
    endpoints.switch_endpoint(endpoint, active=active)
    flash("Webhook remis en service : ce qui attendait part." if active else "Webhook en pause : les événements l’attendent.", "success")
    return _back(webhook_id)


@bp.post("/webhooks/<webhook_id>/supprimer")
@requires("webhooks.manage")
def delete_webhook(webhook_id: str) -> Response:
    """End the subscription; its address was typed."""
    endpoint = endpoint_of(webhook_id)
    if request.form.get("confirmation", "").strip() != endpoint.url:
        flash("L’adresse écrite n’est pas celle-là : rien n’a été supprimé.", "error")
        return _back(webhook_id)
    endpoints.delete_endpoint(endpoint)
    flash("Webhook supprimé. Plus rien ne lui est envoyé.", "success")
    return redirect(url_for("editeur.webhooks"), code=303)  # type: ignore[return-value]


def endpoint_of(webhook_id: str) -> WebhookEndpoint:
    """The subscription, if it is this editor's. Raises NotFoundError."""
    return endpoints.endpoint_by_id(webhook_id, account_id())


def taken_from_session(endpoint: WebhookEndpoint) -> tuple[str | None, dict[str, Any] | None]:
    """What the request before this one wanted shown: the secret, the outcome of a test. Once."""
    secret = endpoints.reveal_secret(endpoint) if session.get(SHOW_SECRET) == endpoint.id and session.pop(SHOW_SECRET) else None
    outcome = session.pop(OUTCOME) if session.get(OUTCOME, {}).get("webhook") == endpoint.id else None
    return secret, outcome


def _settings(form: EndpointForm) -> dict[str, Any]:
    return {
        "url": (form.url.data or "").strip(),
        "events": form.events.data or [],
        "retry_count": form.retry_count.data,
        "timeout_ms": form.timeout_ms.data,
    }


def _back(webhook_id: str) -> Response:
    return redirect(url_for("editeur.webhook", webhook_id=webhook_id), code=303)  # type: ignore[return-value]
