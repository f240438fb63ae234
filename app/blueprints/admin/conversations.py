"""Every conversation of the platform, read only."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from app.blueprints.admin.blueprint import bp
from app.conversations.admin_queries import all_conversations
from app.conversations.models import Session
from app.conversations.parties import scene_of_session
from app.conversations.portal_view import portal_messages, session_detail
from app.identity.admin_queries import editor_choices
from app.web.access import requires
from app.web.listing import asked_for, listed
from app.web.responding import respond

STATES = [
    ("", "Tous les états"),
    ("open", "Ouvertes"),
    ("answering", "Réponse en cours"),
    ("project", "Avec un projet"),
    ("completed", "Terminées"),
    ("expired", "Expirées"),
]


@bp.get("/conversations")
@requires("ai-sessions.view_own")
def conversations() -> ResponseReturnValue:
    """All conversations, the last active first."""
    statement = all_conversations(query=asked_for("q"), status=asked_for("statut"), editor_id=asked_for("editeur"))
    sorts = {"activite": Session.last_activity_at, "montant": statement.selected_columns.total, "messages": Session.messages_count}
    page = listed(statement, sorts, Session.id, default="-activite")
    choices = [("", "Tous les éditeurs"), ("aucun", "Sans éditeur"), *editor_choices()]
    return respond("admin/conversations/list.html", "liste", page=page, states=STATES, editor_choices=choices)


@bp.get("/conversations/<session_id>")
@requires("ai-sessions.view_own")
def conversation(session_id: str) -> ResponseReturnValue:
    """Messages, estimate, parties."""
    detail = session_detail(session_id, timed=True)
    return respond("admin/conversations/show.html", detail=detail, scene=scene_of_session(detail.session))


@bp.get("/conversations/<session_id>/messages")
@requires("ai-sessions.view_own")
def conversation_messages(session_id: str) -> ResponseReturnValue:
    """The messages alone, asked again while a reply is being written."""
    return respond("admin/conversations/messages.html", messages=portal_messages(session_id, timed=True), session_id=session_id)
