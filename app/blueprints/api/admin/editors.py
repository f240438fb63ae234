"""Editors: listed, opened, changed, suspended, taken back (003 §6.2)."""

from __future__ import annotations

from typing import Any

from app.blueprints.api.admin import schemas
from app.blueprints.api.admin.blueprint import bp
from app.blueprints.api.bodies import Deleted
from app.core.jobs import enqueue_after_commit
from app.deployments.admin_queries import editors as all_editors
from app.deployments.admin_queries import usage_of
from app.identity.admin_queries import account_in_role
from app.identity.models import User
from app.identity.own_account import COMPANY_FIELDS, change_company, rename
from app.identity.removing import remove_account
from app.identity.staff import open_account, reopen_account, suspend_account
from app.notifications.jobs import send_invitation
from app.web.access import requires, signed_in
from app.web.api import set_meta
from app.web.paging import paginate


@bp.get("/editors")
@requires("users.manage")
@bp.arguments(schemas.EditorQuery, location="query")
@bp.response(200, schemas.EditorRow(many=True))
def editors(query: dict[str, Any]) -> list[Any]:
    """Every editor with what it used this month, by name."""
    statement = all_editors(query=query["q"], status=query["status"])
    keys = (statement.selected_columns.display_name, User.id)
    page = paginate(statement, keys, descending=False, after=query["cursor"], limit=query["limit"], count=True)
    set_meta(next_cursor=page.next_cursor, total=page.total)
    return list(page.rows)


@bp.post("/editors")
@requires("users.manage")
@bp.arguments(schemas.NewEditorIn, example=schemas.NEW)
@bp.response(201, schemas.EditorOut)
@bp.refuses(409)
def open_editor(body: dict[str, Any]) -> dict[str, Any]:
    """Open an editor's account; its contact is invited by e-mail to choose a password."""
    invite = body.pop("send_invitation")
    made = open_account(signed_in(), role="editeur", **body)
    if invite:
        enqueue_after_commit(send_invitation, made.id)
    return _shown(made)


@bp.get("/editors/<editor_id>")
@requires("users.manage")
@bp.response(200, schemas.EditorOut)
def editor(editor_id: str) -> dict[str, Any]:
    """An editor and its last months."""
    return _shown(account_in_role(editor_id, "editeur"))


@bp.put("/editors/<editor_id>")
@requires("users.manage")
@bp.arguments(schemas.EditorIn, example=schemas.CHANGE)
@bp.response(200, schemas.EditorOut)
def change_editor(body: dict[str, Any], editor_id: str) -> dict[str, Any]:
    """Change the company and its contact; suspend the account on every way in, or lift the suspension."""
    found = account_in_role(editor_id, "editeur")
    change_company(found, body["company_name"], {name: body["company_info"].get(name, "") for name in COMPANY_FIELDS})
    rename(found, body["name"])
    wanted = body.get("status")
    if wanted == "suspended" and found.status != "suspended":
        suspend_account(signed_in(), found, body["status_reason"])
    elif wanted == "active" and found.status == "suspended":
        reopen_account(signed_in(), found)
    return _shown(found)


@bp.delete("/editors/<editor_id>")
@requires("users.manage")
@bp.response(200, Deleted)
@bp.refuses(409)
def remove_editor(editor_id: str) -> dict[str, bool]:
    """Take back an account that nobody opened and that has nothing yet; any other is suspended instead (409)."""
    remove_account(signed_in(), account_in_role(editor_id, "editeur"))
    return {"deleted": True}


def _shown(user: User) -> dict[str, Any]:
    names = ("id", "email", "name", "company_name", "company_info", "status", "status_reason", "created_at", "last_seen_at")
    return {name: getattr(user, name) for name in names} | {"usage": usage_of(user.id)}
