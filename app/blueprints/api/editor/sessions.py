"""Links and conversations of an editor (003 §15.2 B)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.blueprints.api.editor import schemas
from app.blueprints.api.editor.blueprint import bp
from app.conversations.issuing import issue_editor_link
from app.conversations.links import token_of, url_of
from app.conversations.models import Session
from app.identity.models import EditorLink
from app.web.access import requires, signed_in
from app.web.api import set_meta
from app.web.paging import paginate


@bp.post("/sessions/create-link")
@requires("sessions.create_link")
@bp.arguments(schemas.CreateLinkIn, example=schemas.NEW_LINK)
@bp.response(201, schemas.LinkOut)
@bp.refuses(404)
def create_link(body: dict[str, Any]) -> dict[str, Any]:
    """Make a link for an artisan to send to his customer."""
    link = issue_editor_link(signed_in(), **body)
    return {"link_id": link.id, "url": url_of(link), "session_token": token_of(link), "expires_at": link.expires_at}


@bp.get("/sessions")
@requires("ai-sessions.view_own")
@bp.arguments(schemas.SessionQuery, location="query")
@bp.response(200, schemas.SessionRow(many=True))
def sessions(query: dict[str, Any]) -> list[Any]:
    """Conversations, the latest activity first."""
    names = (
        "id", "deployment_id", "artisan_name", "visitor_name", "status", "title", "total_ttc", "messages_count",
        "started_at", "completed_at", "last_activity_at",
    )  # fmt: skip
    statement = (
        select(*(getattr(Session, name) for name in names), EditorLink.external_id)
        .outerjoin(EditorLink, EditorLink.id == Session.editor_link_id)
        .where(Session.editor_id == signed_in().account_id, Session.status != "deleted", Session.started_at.is_not(None))
    )
    if query["status"]:
        statement = statement.where(Session.status == query["status"])
    if query["artisan_external_id"]:
        statement = statement.where(EditorLink.external_id == query["artisan_external_id"])
    page = paginate(statement, (Session.last_activity_at, Session.id), after=query["cursor"], limit=query["limit"])
    set_meta(next_cursor=page.next_cursor, total=None)
    return list(page.rows)
