"""People and accounts of the platform: list, invitation, page."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.blueprints.admin.blueprint import bp
from app.blueprints.admin.forms import NewUserForm, RoleForm
from app.blueprints.admin.lists import ACCOUNT_STATES
from app.core.errors import ConflictError, InvalidError
from app.core.jobs import enqueue_after_commit
from app.identity.admin_queries import LAST_SEEN, assignments_of, keys_of_account, people, person, roles, staff_of
from app.identity.models import User
from app.identity.staff import may_manage, open_account
from app.notifications.jobs import send_invitation
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.listing import asked_for, listed
from app.web.responding import respond


@bp.get("/utilisateurs")
@requires("users.manage")
def users() -> ResponseReturnValue:
    """Everybody, the newest first."""
    statement = people(query=asked_for("q"), role=asked_for("role"), status=asked_for("statut"))
    page = listed(statement, {"cree": User.created_at, "nom": User.name, "vu": LAST_SEEN}, User.id, default="-cree")
    role_choices = [("", "Tous les rôles"), *((role.slug, role.name) for role in roles())]
    return respond("admin/users/list.html", "liste", page=page, role_choices=role_choices, states=ACCOUNT_STATES)


@bp.route("/utilisateurs/nouveau", methods=["GET", "POST"])
@requires("users.manage")
def new_user() -> ResponseReturnValue:
    """Open an account; its owner chooses a password through the invitation."""
    actor = signed_in()
    form = NewUserForm()
    form.offer(roles(), actor, alone=True)
    if form.validate_on_submit():
        try:
            user = open_account(
                actor,
                email=form.email.data or "",
                name=form.name.data or "",
                role=form.role.data,
                company_name=form.company_name.data or "",
            )
        except InvalidError as error:
            put_errors(form, error)
        except ConflictError as error:
            form.email.errors = [error.message]
        else:
            enqueue_after_commit(send_invitation, user.id)
            flash(f"Compte créé. Une invitation part à {user.email}.", "success")
            return redirect(url_for(".user", user_id=user.id), code=303)
    return respond("admin/users/new.html", form=form, status=422 if form.errors else 200)


@bp.get("/utilisateurs/<user_id>")
@requires("users.manage")
def user(user_id: str) -> ResponseReturnValue:
    """Who it is, which roles, which keys."""
    form = RoleForm(formdata=None)
    form.offer(roles(), signed_in(), alone=False)
    return show_user(person(user_id), form)


def show_user(found: User, form: RoleForm) -> ResponseReturnValue:
    """The page of a person, with the form of a new role as it was filled in."""
    return respond(
        "admin/users/show.html",
        person=found,
        assignments=assignments_of(found.id),
        staff=staff_of(found.id),
        keys=keys_of_account(found.id),
        manageable=may_manage(signed_in(), found),
        form=form,
        status=422 if form.errors else 200,
    )
