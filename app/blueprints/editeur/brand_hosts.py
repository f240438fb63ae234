"""The editor's own host names: asked for, proved by DNS records, served (PRODUCT.md; deploy/white-label.md)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Response, flash, redirect, request, url_for
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app.blueprints.editeur.blueprint import account_id, bp
from app.core import clock
from app.core.errors import ConflictError, InvalidError
from app.deployments.hosts import MAX_HOSTS, add_host, check_host_soon, host_of, hosts_of, proof_of, remove_host
from app.deployments.models import BrandHost
from app.extensions import limiter, settings
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.forms import PortalForm
from app.web.listing import asked_for
from app.web.responding import respond

PATIENCE = timedelta(seconds=40)
"""How long the page waits for a check that it asked for."""


class HostForm(PortalForm):
    """A name to serve."""

    host = StringField("Nom d’hôte", [DataRequired(), Length(max=253)])


@bp.route("/nom-d-hote", methods=["GET", "POST"])
@requires("domains.manage")
@limiter.limit("30/hour", methods=["POST"])
def brand_hosts() -> Response:
    """The names, the records each needs, what was found; a form for another."""
    form = HostForm()
    if form.validate_on_submit():
        try:
            add_host(account_id(), form.host.data or "")
        except InvalidError as error:
            put_errors(form, error)
        except ConflictError as error:
            put_errors(form, InvalidError(error.message, {"host": [error.message]}))
        else:
            flash("Nom ajouté. Créez maintenant ses deux enregistrements, puis vérifiez-les ici.", "success")
            return _back()
    hosts = hosts_of(account_id())
    return respond(
        "editeur/brand_hosts.html",
        "noms",
        form=form,
        hosts=hosts,
        proofs={host.id: proof_of(host) for host in hosts},
        edge=settings().edge_host,
        used=host_of(account_id()),
        full=len(hosts) >= MAX_HOSTS,
        awaited=_awaited(hosts),
        status=422 if form.errors else 200,
    )


@bp.post("/nom-d-hote/<host_id>/verification")
@requires("domains.manage")
@limiter.limit("60/hour")
def check_brand_host(host_id: str) -> Response:
    """Have the records looked at again, now."""
    check_host_soon(account_id(), host_id)
    return _back()


@bp.post("/nom-d-hote/<host_id>/retrait")
@requires("domains.manage")
def remove_brand_host(host_id: str) -> Response:
    """Serve a name no longer; it was typed."""
    found = next((host for host in hosts_of(account_id()) if host.id == host_id), None)
    if found is not None and request.form.get("confirmation", "").strip().lower() != found.host:
        flash("Le nom écrit n’est pas celui-là : rien n’a changé.", "error")
    else:
        removed = remove_host(account_id(), host_id)
        flash(f"{removed.host} n’est plus servi. Les nouveaux liens portent notre nom.", "success")
    return redirect(url_for("editeur.brand_hosts"), code=303)  # type: ignore[return-value]


def _back() -> Response:
    """The page, which refreshes itself until the check asked for is done."""
    moment = f"{clock.now().timestamp():.3f}"
    return redirect(url_for("editeur.brand_hosts", demande=moment), code=303)  # type: ignore[return-value]


def _awaited(hosts: list[BrandHost]) -> bool:
    """True while a check that this page asked for may still come."""
    try:
        asked = datetime.fromtimestamp(float(asked_for("demande")), UTC)
    except (ValueError, OverflowError, OSError):
        return False
    waiting = asked - timedelta(seconds=1) < clock.now() < asked + PATIENCE
    return waiting and bool(hosts) and not any(host.checked_at and host.checked_at >= asked for host in hosts)
