"""`config` and `init`: from a host page to a session (CORS is precise, and never `*`)."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from app.blueprints.api.widget import schemas
from app.blueprints.api.widget.blueprint import bp
from app.consents.service import AI_NOTICE
from app.conversations.opened import opened_payload
from app.conversations.parties import Scene
from app.conversations.widget_opening import check_origin, enter_deployment, known_origin, open_widget_session
from app.deployments.origins import parse_origin
from app.deployments.refusals import check_address
from app.extensions import limiter
from app.web.access import public
from app.web.rates import limit_requests

ORIGIN = {
    "name": "Origin",
    "in": "header",
    "description": "Ce que le navigateur dit de la page : un de ses domaines autorisés, sinon 403.",
    "schema": {"type": "string", "example": "https://app.ebp.com"},
}
FROM_OUTSIDE = ("/api/widget/v1/config", "/api/widget/v1/init")


@bp.get("/config")
@public
@limiter.limit("120/minute")
@bp.arguments(schemas.ConfigQuery, location="query")
@bp.response(200, schemas.ConfigOut)
@bp.refuses(403, 404)
@bp.doc(security=[])
def config(query: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Public look and words of a deployment; cacheable, counts nothing."""
    return _look(enter_deployment(query["deployment_key"])), 200, {"Cache-Control": "public, max-age=60"}


@bp.post("/init")
@public
@limiter.limit("120/minute")
@bp.arguments(schemas.InitIn)
@bp.response(200, schemas.InitOut)
@bp.refuses(401, 403, 404, 410)
@bp.doc(security=[], parameters=[ORIGIN])
def init(body: dict[str, Any]) -> dict[str, Any]:
    """Open a conversation from an allowed site, or continue the one this browser kept."""
    address = request.remote_addr or ""
    check_address(address)
    scene = enter_deployment(body["deployment_key"])
    limit_requests(scene.deployment.id)
    check_origin(scene, request.headers.get("Origin"), address)
    resume = body["resume"]
    opened = open_widget_session(
        scene,
        untrusted_context=body["context"],
        locale=body["locale"],
        resume=(resume["session_id"], resume["session_token"]) if resume else None,
        identity=body["identity"],
    )
    return (
        _look(scene)
        | opened_payload(opened)
        | {
            "verified": opened.session.host_user_id is not None,
        }
    )


@bp.after_request
def _cors(response: Response) -> Response:
    """Only `config` and `init` are called from another origin; the header names that very origin, if some active deployment allows it."""
    if request.path not in FROM_OUTSIDE:
        return response
    response.vary.add("Origin")
    if "Origin" not in request.headers or _refuses_the_page(response) or not known_origin(parse_origin(request.headers["Origin"])):
        return response
    response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Max-Age"] = "600"
    return response


def _refuses_the_page(response: Response) -> bool:
    """A page that is not allowed here reads nothing, not even why; an allowed one reads that its conversation has ended."""
    if response.status_code not in (401, 403, 404):
        return False
    body = response.get_json(silent=True) or {}
    return body.get("error", {}).get("code") in ("domain_not_allowed", "unknown_deployment")


def _look(scene: Scene) -> dict[str, Any]:
    branding = scene.branding(None)
    return {
        "agent": {"name": scene.agent_name, "avatar": None},
        "branding": branding,
        "welcome_message": branding["welcome_message"],
        "placeholder": branding["placeholder"],
        "notice": {"version": AI_NOTICE.version, "text": AI_NOTICE.text},
    }
