"""Is it alive, is it ready, how does it do (CONTRACT.md, HTTP)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.core.errors import ForbiddenError
from app.extensions import limiter, settings
from app.web.access import public
from app.web.metrics import allowed_address, exposition
from app.web.readiness import problems

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
@limiter.exempt
def healthz() -> Response:
    """The process answers."""
    return jsonify({"status": "ok"})


@bp.get("/readyz")
@public
@limiter.exempt
def readyz() -> tuple[Response, int]:
    """Database, Redis and migrations are there, and the application's role cannot bypass a policy."""
    found = problems()
    return jsonify({"status": "ok" if not found else "unavailable", "problems": found}), 503 if found else 200


@bp.get("/metrics")
@public
@limiter.exempt
def metrics() -> Response:
    """Prometheus's text format, for the addresses of METRICS_ALLOW."""
    if not allowed_address(settings().metrics_allow):
        raise ForbiddenError("Cette adresse ne peut pas lire les mesures.")
    body, kind = exposition()
    return Response(body, content_type=kind)
