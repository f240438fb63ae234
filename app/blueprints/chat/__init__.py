"""The page behind `/s/<token>`: full screen, the artisan's brand. Its verbs are those of the widget API."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from app.consents.service import AI_NOTICE
from app.conversations import queries
from app.conversations.errors import CODES, SENTENCES
from app.conversations.links import open_link
from app.conversations.opening import Opened, masked, open_session, scene_of_link
from app.conversations.presentation import session_payload
from app.conversations.service import MAX_LENGTH
from app.core.errors import InvalidError, NotFoundError
from app.extensions import csrf, limiter
from app.files import service as files
from app.web.access import public

bp = Blueprint("chat", __name__, url_prefix="/s")


@bp.get("/<token>")
@public
@limiter.limit("120/minute")
def page(token: str) -> Response:
    """The chat page. It creates nothing: messengers prefetch links (PRODUCT.md, Links)."""
    try:
        opened = open_link(token)
    except NotFoundError:
        return make_response(render_template("chat/unavailable.html", reason="unknown", message=None, branding=None), 404)
    scene = scene_of_link(opened)
    branding = scene.branding(scene.link.recipient_name if scene.link else None) | {
        "agent_name": scene.agent.name,
        "artisan_name": scene.artisan_name,
        "artisan_phone": scene.artisan_phone,
    }
    if opened.state != "open":
        page = render_template("chat/unavailable.html", reason=opened.state, message=SENTENCES[opened.state], branding=branding)
        return make_response(page, 410 if opened.state in ("expired", "deleted") else 403)
    response = make_response(
        render_template("chat/page.html", link_token=token, branding=branding, notice=AI_NOTICE, limits=limits(), codes=CODES)
    )
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@bp.post("/<token>/session")
@public
@csrf.exempt
@limiter.limit("30/minute")
def session(token: str) -> Response:
    """Open the conversation of the link, or continue it."""
    body = request.get_json(silent=True)
    resume = body.get("resume") if isinstance(body, dict) else None
    if resume is not None and not (
        isinstance(resume, dict) and all(isinstance(resume.get(k), str) for k in ("session_id", "session_token"))
    ):
        raise InvalidError("La reprise est mal formée.", {"resume": ["session_id et session_token attendus."]})
    opened = open_session(open_link(token), (resume["session_id"], resume["session_token"]) if resume else None)
    return jsonify({"success": True, "data": opened_payload(opened)})


def opened_payload(opened: Opened) -> dict[str, Any]:
    """What a device learns when it opens a conversation; nothing of its content while a code is awaited."""
    return {
        "session_id": opened.session.id,
        "session_token": opened.secret,
        "resumed": opened.resumed,
        "needs_code": opened.needs_code,
        "email_hint": masked(opened.session.visitor_email) if opened.needs_code and opened.session.visitor_email else None,
        "session": None if opened.needs_code else session_payload(opened.session),
        "messages": [] if opened.needs_code else queries.conversation(opened.session.id),
        "limits": limits(),
    }


def limits() -> dict[str, int]:
    """What the page checks before sending."""
    return {"message_chars": MAX_LENGTH, "file_bytes": files.MAX_BYTES, "files": files.MAX_PER_SESSION}
