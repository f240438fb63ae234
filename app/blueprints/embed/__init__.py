"""What host pages load: the loader, and the page of its frame, which only the deployment's own domains may show."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, Response, current_app, request

from app.blueprints.chat.pages import chat_page, closed_page
from app.conversations.widget_opening import approach_deployment
from app.core.errors import NotFoundError
from app.deployments.domains import allowed_sources
from app.extensions import limiter
from app.web.access import public
from app.web.house import allow_frames
from app.web.static_files import compressed

bp = Blueprint("embed", __name__)


@bp.get("/widget/v1/loader.js")
@public
def loader() -> Response:
    """The script of the host page. Its address stays: browsers ask again after five minutes, and are told that nothing changed."""
    source: Path = current_app.extensions["built"].path("loader.js")
    content = source.read_bytes()
    response = compressed(Response(content, content_type="text/javascript; charset=utf-8"))
    response.headers["Cache-Control"] = "public, max-age=300, stale-while-revalidate=86400"
    # A host page that isolates itself (COEP) may load it too.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    # Of the script, not of its compression: either answers for the other, hence a weak one.
    response.set_etag(hashlib.sha256(content).hexdigest()[:32], weak=True)
    return response.make_conditional(request)


@bp.get("/embed/<deployment_key>")
@public
@limiter.limit("120/minute")
def page(deployment_key: str) -> Response:
    """The chat page of a frame. It creates nothing: the host page opens the session and hands it over (widget_embed/README.md)."""
    look = {"locale": request.args.get("locale", "fr"), "theme": request.args.get("theme", "auto")}
    try:
        scene, state = approach_deployment(deployment_key)
    except NotFoundError:
        return closed_page(404, "refused", **look)
    allow_frames(allowed_sources(scene.deployment.id))
    branding = scene.branding(None) | {
        "agent_name": scene.agent_name,
        "artisan_name": scene.artisan_name,
        "artisan_phone": scene.artisan_phone,
    }
    if state != "open":
        return closed_page(403, state, branding, **look)
    return chat_page(branding, mode="embed", deployment_key=deployment_key, inline=request.args.get("mode") == "inline", **look)
