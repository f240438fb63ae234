"""What the proxy in front of us asks (deploy/white-label.md). Never for the outside."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.core.errors import ForbiddenError, NotFoundError
from app.deployments.hosts import editor_of_host
from app.extensions import limiter, settings
from app.web.access import public
from app.web.metrics import allowed_address

bp = Blueprint("internal", __name__, url_prefix="/internal")


@bp.get("/tls-ask")
@public
@limiter.exempt
def tls_ask() -> Response:
    """May a certificate be asked for `domain`? 200 for a verified host only, for the addresses of TLS_ASK_ALLOW."""
    if not allowed_address(settings().tls_ask_allow):
        raise ForbiddenError("Cette adresse ne peut pas poser cette question.")
    if editor_of_host(request.args.get("domain", "").rstrip(".").lower()) is None:
        raise NotFoundError()
    return Response("oui\n", mimetype="text/plain")
