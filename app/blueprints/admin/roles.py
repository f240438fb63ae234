"""Roles given to a person and taken back."""

from __future__ import annotations

from datetime import datetime, time

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.blueprints.admin.blueprint import bp
from app.blueprints.admin.forms import RoleForm
from app.blueprints.admin.users import show_user
from app.core import clock
from app.core.errors import ForbiddenError, InvalidError
from app.identity.admin_queries import assignment_of, employer, person
from app.identity.admin_queries import roles as all_roles
from app.identity.service import assign_role, remove_role
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors


@bp.post("/utilisateurs/<user_id>/roles")
@requires("users.manage")
def give_role(user_id: str) -> ResponseReturnValue:
    """Give a role, until the end of a Paris day when one is chosen."""
    actor, user = signed_in(), person(user_id)
    form = RoleForm()
    form.offer(all_roles(), actor, alone=False)
    if form.validate_on_submit():
        try:
            account = employer(form.on_behalf_of.data) if form.on_behalf_of.data else None
            if account is None and form.role.data == "conseiller":
                raise InvalidError(
                    "Compte attendu.", {"on_behalf_of": ["Un conseiller travaille pour un éditeur ou un artisan : lequel ?"]}
                )
            if form.expires_on.data and form.expires_on.data < clock.paris_day():
                raise InvalidError("Date passée.", {"expires_on": ["Choisissez un jour à venir."]})
            expires = datetime.combine(form.expires_on.data, time(23, 59, 59), clock.PARIS) if form.expires_on.data else None
            assign_role(actor, user, form.role.data, on_behalf_of=account.id if account else None, expires_at=expires)
        except InvalidError as error:
            put_errors(form, error)
        except ForbiddenError as error:
            form.role.errors = [error.message]
        else:
            flash(f"Rôle donné à {user.name}.", "success")
            return redirect(url_for(".user", user_id=user.id, _anchor="roles"), code=303)
    return show_user(user, form)


@bp.post("/utilisateurs/<user_id>/roles/<assignment_id>/retrait")
@requires("users.manage")
def take_role(user_id: str, assignment_id: str) -> ResponseReturnValue:
    """Take a role back, at once."""
    remove_role(signed_in(), assignment_of(user_id, assignment_id))
    flash("Rôle retiré.", "success")
    return redirect(url_for(".user", user_id=user_id, _anchor="roles"), code=303)
