"""What an artisan lists."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.blueprints.api.artisan import schemas
from app.blueprints.api.artisan.blueprint import bp
from app.blueprints.api.bodies import PageQuery
from app.conversations.lists import sessions_list
from app.conversations.models import Session
from app.identity.models import EditorLink
from app.web.access import requires, signed_in
from app.web.api import set_meta
from app.web.paging import paginate


@bp.get("/sessions")
@requires("ai-sessions.view_own")
@bp.arguments(schemas.ArtisanSessionQuery, location="query")
@bp.response(200, schemas.ArtisanSession(many=True))
def sessions(query: dict[str, Any]) -> list[Any]:
    """Conversations in which somebody wrote, the latest activity first."""
    statement = sessions_list(signed_in(), status=query["status"]).statement
    page = paginate(statement, (Session.last_activity_at, Session.id), after=query["cursor"], limit=query["limit"])
    set_meta(next_cursor=page.next_cursor, total=None)
    return list(page.rows)


@bp.get("/editors")
@requires("branding.manage")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.ArtisanEditor(many=True))
def editors(query: dict[str, Any]) -> list[Any]:
    """Ties to editors, proposals included, the newest first."""
    columns = [getattr(EditorLink, name) for name in schemas.ArtisanEditor().fields]
    statement = select(*columns).where(EditorLink.artisan_id == signed_in().account_id)
    page = paginate(statement, (EditorLink.created_at, EditorLink.id), after=query["cursor"], limit=query["limit"], count=True)
    set_meta(next_cursor=page.next_cursor, total=page.total)
    return list(page.rows)
