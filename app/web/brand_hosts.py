"""On an editor's own host name there are his conversations and nothing else: no portal, no other editor (deploy/white-label.md)."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, make_response, render_template, request

from app.core.acting import confine
from app.core.errors import NotFoundError
from app.deployments.hosts import editor_of_host, may_be_a_brand
from app.extensions import settings
from app.web.errors import wants_json

ANYWHERE = ("/healthz", "/readyz", "/metrics", "/internal/")
"""What the machines around us ask, by whatever name they know us."""
SERVED = ("/s/", "/embed/", "/widget/", "/api/widget/", "/files/", "/static/")


def install_brand_hosts(app: Flask) -> None:
    """Before each request: whose host was it sent to?"""

    @app.before_request
    def _whose() -> Response | None:
        confine(None)
        host = request_host()
        if host in own_hosts() or not may_be_a_brand(host):
            return None
        if request.path.startswith(ANYWHERE):
            return None
        editor_id = editor_of_host(host)
        if editor_id is None:  # a name that is not, or no longer, served; elsewhere than in production, any name is ours
            return _nothing_here() if settings().production else None
        if not request.path.startswith(SERVED):
            return _nothing_here()
        confine(editor_id)
        return None

    @app.teardown_request
    def _everywhere_again(error: BaseException | None) -> None:
        confine(None)


def request_host() -> str:
    """The name this request was sent to: lower case, without port nor final dot."""
    try:
        return (urlsplit(f"//{request.host}").hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def own_hosts() -> frozenset[str]:
    """Names that are nobody's brand, known without asking: ours and this machine's."""
    known: frozenset[str] | None = current_app.extensions.get("own_hosts")
    if known is None:
        ours = (urlsplit(settings().base_url).hostname or "", settings().edge_host, "localhost", "127.0.0.1", "::1")
        known = current_app.extensions["own_hosts"] = frozenset(ours)
    return known


def _nothing_here() -> Response:
    if wants_json():
        raise NotFoundError()
    return make_response(render_template("chat/unavailable.html", reason="unknown", message=None, branding=None), 404)
