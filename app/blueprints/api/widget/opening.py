"""`config` and `init`: from a host page to a session (CORS is precise, and never `*`)."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from app.blueprints.api.widget import schemas
from app.blueprints.api.widget.blueprint import bp
from app.consents.service import AI_NOTICE
from app.conversations.parties import Scene
from app.conversations.widget_opening import check_origin, enter_deployment, known_origin, open_widget_session
from app.deployments.origins import parse_origin
from app.extensions import limiter
from app.web.access import public


@bp.get("/config")
@public
@limiter.limit("120/minute")
@bp.arguments(schemas.ConfigQuery, location="query")
@bp.response(200, schemas.ConfigOut)
def config(query: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Public look and words of a deployment; cacheable, counts nothing."""
    return _look(enter_deployment(query["deployment_key"])), 200, {"Cache-Control": "public, max-age=60"}


@bp.post("/init")
@public
@limiter.limit("30/minute")
@bp.arguments(schemas.InitIn)
@bp.response(200, schemas.InitOut)
def init(body: dict[str, Any]) -> dict[str, Any]:
    """Open a conversation from an allowed site, or continue the one this browser kept."""
    scene = enter_deployment(body["deployment_key"])
    check_origin(scene, parse_origin(request.headers.get("Origin")))
    resume = body["resume"]
    opened = open_widget_session(
        scene,
        untrusted_context=body["context"],
        locale=body["locale"],
        resume=(resume["session_id"], resume["session_token"]) if resume else None,
    )
    return _look(scene) | {
        "session_id": opened.session.id,
        "session_token": opened.secret,
        "resumed": opened.resumed,
        "needs_code": opened.needs_code,
    }


@bp.after_request
def _cors(response: Response) -> Response:
    """Only `init` is called from another origin; the header names that very origin, if some active deployment allows it."""
    if request.path != "/api/widget/v1/init" or "Origin" not in request.headers:
        return response
    response.vary.add("Origin")
    if response.status_code in (401, 403, 404) or not known_origin(parse_origin(request.headers["Origin"])):
        return response
    response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Max-Age"] = "600"
    return response


def _look(scene: Scene) -> dict[str, Any]:
    branding = scene.branding(None)
    return {
        "agent": {"name": scene.agent.name, "avatar": None},
        "branding": branding,
        "welcome_message": branding["welcome_message"],
        "placeholder": branding["placeholder"],
        "notice": {"version": AI_NOTICE.version, "text": AI_NOTICE.text},
    }
