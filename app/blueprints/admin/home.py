"""`/admin/`: what happened last and what waits. A superviseur sees the figures only (PRODUCT.md, Who may do and see what)."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from app.blueprints.admin.blueprint import bp
from app.conversations.admin_queries import all_conversations, newest_estimates, overview
from app.conversations.models import Session
from app.core.acting import platform
from app.core.transaction import act_as
from app.extensions import db
from app.web.access import requires, signed_in
from app.web.responding import respond

LAST = 6


@bp.get("/")
@requires("metrics.view")
def home() -> ResponseReturnValue:
    """Figures of the whole platform, then the last estimates and conversations for those who may read them."""
    actor = signed_in()
    reads_content = actor.can("ai-sessions.view_own")
    # Row-level security shows a superviseur no conversation at all: the platform counts for him, and gives figures only.
    act_as(platform("health"))
    figures = overview()
    act_as(actor)
    latest = all_conversations().order_by(Session.last_activity_at.desc(), Session.id).limit(LAST)
    return respond(
        "admin/home.html",
        figures=figures,
        reads_content=reads_content,
        estimates=newest_estimates(LAST) if reads_content else [],
        conversations=db.session.execute(latest).all() if reads_content else [],
    )
