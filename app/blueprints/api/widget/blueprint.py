"""The blueprint, and the way in of every verb of a conversation: its identifier and its secret."""

from __future__ import annotations

from typing import cast

from flask import g, request

from app.conversations.opening import Holder, find_holder
from app.core.errors import ForbiddenError, NotFoundError
from app.extensions import csrf
from app.web.api import ApiBlueprint, bearer
from app.web.rates import limit_requests

bp = ApiBlueprint(
    "widget",
    __name__,
    url_prefix="/api/widget/v1",
    description="Conversation d’un visiteur",
    security=[{"session": [], "bearer": []}],
    refusals=(410,),
)
csrf.exempt(bp)


OPEN = ("widget.config", "widget.init")
"""Verbs that come before there is a session."""


@bp.before_request
def _authenticate() -> None:
    """Become the visitor who holds the secret, before anything of the body is read."""
    if request.method != "OPTIONS" and request.endpoint not in OPEN:
        g.holder = find_holder(request.headers.get("X-Session-ID"), bearer())
        if request.method != "GET":
            limit_requests(g.holder.actor.deployment_id)


def holder(session_id: str | None = None) -> Holder:
    """The visitor of the request; `session_id` from the path must be his (404).

    A second device must first confirm its code (403 `code_required`).
    """
    found = unconfirmed_holder()
    if not found.confirmed:
        raise ForbiddenError("Saisissez d’abord le code reçu par e-mail.", code="code_required")
    if session_id is not None and session_id != found.session_id:
        raise NotFoundError()
    return found


def unconfirmed_holder() -> Holder:
    """The same, for the verb that confirms."""
    return cast(Holder, g.holder)
