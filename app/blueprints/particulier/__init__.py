"""The customer's portal: the conversations his account holds."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as Redirection

from app.conversations.lists import sessions_list
from app.conversations.participating import continuation_of
from app.conversations.portal_view import session_detail
from app.core.identifiers import format_phone_fr
from app.quoting.presentation import DISCLAIMER
from app.web.access import requires, signed_in
from app.web.listing import listed
from app.web.responding import respond

bp = Blueprint("particulier", __name__, url_prefix="/particulier")


@bp.get("/")
@requires()
def home() -> Redirection:
    """His conversations are all there is."""
    return redirect(url_for("particulier.conversations"), code=303)


@bp.get("/conversations")
@requires("ai-sessions.view_own")
def conversations() -> Response:
    """Every conversation of his, with any artisan, the latest first."""
    return respond("particulier/conversations.html", "liste", page=listed(*sessions_list(signed_in()), default="-activite", limit=20))


@bp.get("/conversations/<session_id>")
@requires("ai-sessions.view_own")
def conversation(session_id: str) -> Response:
    """What was said, his photos, the estimate, the artisan's telephone, and the way to go on."""
    detail = session_detail(session_id, for_visitor=True)
    goes_on = continuation_of(detail.session)
    phone = goes_on.artisan_phone
    return respond(
        "particulier/conversation.html",
        detail=detail,
        session=detail.session,
        phone={"dial": phone, "shown": format_phone_fr(phone)} if phone else None,
        continue_url=goes_on.url,
        disclaimer=DISCLAIMER,
    )
