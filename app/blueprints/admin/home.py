"""`/admin/`: the platform as it is now, then what happened last. A superviseur sees the figures only (PRODUCT.md, Who may do and see what)."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, make_response, request
from jinja2_fragments.flask import render_block

from app.billing.figures import today
from app.blueprints.admin.blueprint import bp
from app.conversations.admin_queries import all_conversations, newest_projects, overview
from app.conversations.models import Session
from app.core.acting import Actor, platform
from app.core.queues import queue_states
from app.core.transaction import act_as
from app.extensions import db
from app.web.access import requires, signed_in
from app.web.responding import respond, wants_fragment

LAST = 6
SLOW_SECONDS = 30
"""A job that waits longer than this needs somebody."""


@bp.get("/")
@requires("metrics.view")
def home() -> Response:
    """Figures of the whole platform, asked again every few seconds; the last projects and conversations for those who may read them."""
    actor = signed_in()
    words = _live(actor)
    if wants_fragment():
        return _if_changed(words)
    reads_content = words["reads_content"]
    latest = all_conversations().order_by(Session.last_activity_at.desc(), Session.id).limit(LAST)
    return respond(
        "admin/home.html",
        **words,
        projects=newest_projects(LAST) if reads_content else [],
        conversations=db.session.execute(latest).all() if reads_content else [],
    )


def _live(actor: Actor) -> dict[str, Any]:
    # Row-level security shows a superviseur no conversation at all: the platform counts for him, and gives figures only.
    act_as(platform("health"))
    figures, models = overview(), today()
    act_as(actor)
    words = {
        "figures": figures,
        "models": models,
        "queues": queue_states(),
        "slow_seconds": SLOW_SECONDS,
        "reads_content": actor.can("ai-sessions.view_own"),
        "reads_costs": actor.can("costs.view"),
    }
    # What the page shows is what it was told: it is swapped only when something changed.
    return words | {"shown": hashlib.sha256(repr(sorted(words.items())).encode()).hexdigest()[:16]}


def _if_changed(words: dict[str, Any]) -> Response:
    if request.args.get("vu") == words["shown"]:
        return make_response("", 204)
    return make_response(render_block("admin/home.html", "direct", **words))
