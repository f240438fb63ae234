"""The blueprint, and the page of a link that no longer opens anything."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template
from werkzeug.wrappers import Response

bp = Blueprint("auth", __name__)


def used_link(message: str, *, kind: str) -> Response:
    """410, with what to do. `kind`: reset, invitation or magic."""
    return make_response(render_template("auth/used_link.html", message=message, kind=kind), 410)
