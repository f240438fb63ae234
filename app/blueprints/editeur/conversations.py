"""Conversations made through this editor: who, about what, for how much; and what he was told of them."""

from __future__ import annotations

from flask import Response
from sqlalchemy import select

from app.blueprints.editeur.blueprint import account_id, bp
from app.conversations.lists import closed_state, one_link, sessions_list
from app.conversations.portal_view import session_detail
from app.core.errors import NotFoundError
from app.deployments.models import Deployment
from app.extensions import db
from app.identity.models import EditorLink
from app.web.access import requires, signed_in
from app.web.link_sharing import closed_pill
from app.web.listing import asked_for, listed
from app.web.responding import respond
from app.webhooks.queries import told_of


@bp.get("/conversations")
@requires("ai-sessions.view_own")
def conversations() -> Response:
    """The list, the latest activity first."""
    actor = signed_in()
    page = listed(
        *sessions_list(
            actor,
            q=asked_for("q"),
            status=asked_for("etat"),
            deployment_id=asked_for("deploiement"),
            editor_link_id=asked_for("artisan"),
            estimated={"1": True, "0": False}.get(asked_for("estimation")),
        ),
        default="-activite",
        limit=25,
    )
    deployments = db.session.execute(
        select(Deployment.id, Deployment.name).where(Deployment.editor_id == account_id()).order_by(Deployment.name)
    ).all()
    artisan = db.session.get(EditorLink, asked_for("artisan")) if asked_for("artisan") else None
    filtered = any(asked_for(name) for name in ("q", "etat", "deploiement", "artisan", "estimation"))
    return respond("editeur/conversations.html", "conversations", page=page, deployments=deployments, artisan=artisan, filtered=filtered)


@bp.get("/conversations/<session_id>")
@requires("ai-sessions.view_own")
def conversation(session_id: str) -> Response:
    """One conversation: messages, photos, estimate, and the events that left."""
    actor, detail = signed_in(), session_detail(session_id, timed=True)
    if detail.session.editor_id != account_id():
        raise NotFoundError()
    deployment = db.session.get(Deployment, detail.session.deployment_id)
    tie = db.session.get(EditorLink, detail.session.editor_link_id) if detail.session.editor_link_id else None
    return respond(
        "editeur/conversation.html",
        detail=detail,
        session=detail.session,
        deployment=deployment,
        tie=tie,
        told=told_of(session_id) if actor.can("webhooks.manage") else None,
        closed=closed_state(one_link(actor, detail.session.link_id)) if detail.session.link_id else None,
        closed_pill=closed_pill,
    )
