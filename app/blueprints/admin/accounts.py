"""What is done to an account from any of its pages: suspended, reopened, invited again."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.blueprints.admin.blueprint import bp
from app.core import format as french
from app.core.errors import ConflictError
from app.core.jobs import enqueue_after_commit
from app.identity.admin_queries import person
from app.identity.models import User
from app.identity.staff import reopen_account, suspend_account
from app.notifications.jobs import send_invitation
from app.web.access import requires, signed_in

PAGES = {"utilisateur": (".user", "user_id"), "editeur": (".editor", "editor_id"), "artisan": (".artisan", "artisan_id")}


@bp.post("/comptes/<user_id>/suspension")
@requires("users.manage")
def suspend(user_id: str) -> ResponseReturnValue:
    """Suspend an account whose name was typed."""
    user = person(user_id)
    if request.form.get("confirmation", "").strip() != user.display_name:
        flash(f"Le nom écrit n’est pas « {user.display_name} » : le compte n’a pas été suspendu.", "error")
        return _back(user)
    suspend_account(signed_in(), user, request.form.get("motif", "")[:300])
    flash(f"{user.display_name} est suspendu, sur toutes les entrées.", "success")
    return _back(user)


@bp.post("/comptes/<user_id>/retablissement")
@requires("users.manage")
def reopen(user_id: str) -> ResponseReturnValue:
    """Lift a suspension."""
    user = person(user_id)
    reopen_account(signed_in(), user)
    flash(f"Le compte {french.de(user.display_name)} est rétabli.", "success")
    return _back(user)


@bp.post("/comptes/<user_id>/invitation")
@requires("users.manage")
def invite_again(user_id: str) -> ResponseReturnValue:
    """Send the invitation once more."""
    user = person(user_id)
    if user.status != "invited":
        raise ConflictError("Ce compte est déjà ouvert : il n’attend plus d’invitation.", code="not_invited")
    enqueue_after_commit(send_invitation, user.id)
    flash(f"Une nouvelle invitation part à {user.email}.", "success")
    return _back(user)


def _back(user: User) -> ResponseReturnValue:
    endpoint, parameter = PAGES.get(request.form.get("retour", ""), PAGES["utilisateur"])
    return redirect(url_for(endpoint, **{parameter: user.id}), code=303)
