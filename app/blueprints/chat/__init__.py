"""The page behind `/s/<token>`: full screen, the artisan's brand. Its verbs are those of the widget API."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.blueprints.chat.pages import chat_page, closed_page
from app.consents.service import notice_shown
from app.conversations.links import open_link
from app.conversations.opened import opened_payload
from app.conversations.opening import open_session, scene_of_link
from app.core.errors import InvalidError, NotFoundError
from app.extensions import csrf, limiter
from app.web.access import public
from app.web.rates import limit_requests

bp = Blueprint("chat", __name__, url_prefix="/s")


@bp.get("/<token>")
@public
@limiter.limit("120/minute")
def page(token: str) -> Response:
    """The chat page. It creates nothing: messengers prefetch links (PRODUCT.md, Links)."""
    look = {"locale": request.args.get("locale", "fr"), "theme": request.args.get("theme", "auto")}
    try:
        opened = open_link(token)
    except NotFoundError:
        return closed_page(404, "unknown", **look)
    scene = scene_of_link(opened)
    branding = scene.branding(scene.link.recipient_name if scene.link else None) | {
        "agent_name": scene.agent_name,
        "artisan_name": scene.artisan_name,
        "artisan_phone": scene.artisan_phone,
    }
    if opened.state != "open":
        return closed_page(410 if opened.state in ("expired", "deleted") else 403, opened.state, branding, **look)
    return chat_page(branding, mode="link", link_token=token, **look)


@bp.post("/<token>/session")
@public
@csrf.exempt
@limiter.limit("120/minute")
def session(token: str) -> Response:
    """Open the conversation of the link, or continue it."""
    body = request.get_json(silent=True)
    resume = body.get("resume") if isinstance(body, dict) else None
    if resume is not None and not (
        isinstance(resume, dict) and all(isinstance(resume.get(k), str) for k in ("session_id", "session_token"))
    ):
        raise InvalidError("La reprise est mal formée.", {"resume": ["session_id et session_token attendus."]})
    link = open_link(token)
    limit_requests(link.deployment_id)
    opened = open_session(
        link,
        (resume["session_id"], resume["session_token"]) if resume else None,
        notice_shown(body.get("notice_version") if isinstance(body, dict) else None),
    )
    return jsonify({"success": True, "data": opened_payload(opened)})
