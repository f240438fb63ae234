"""The blueprint, and the page of a link that no longer opens anything."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template

from app.blueprints.auth.forms import PASSWORD_HELP

bp = Blueprint("auth", __name__)


@bp.context_processor
def _words() -> dict[str, str]:
    """What every page of this blueprint may say."""
    return {"password_help": PASSWORD_HELP}


def used_link(message: str, *, kind: str) -> Response:
    """410, with what to do. `kind`: reset, invitation or magic."""
    return make_response(render_template("auth/used_link.html", message=message, kind=kind), 410)
