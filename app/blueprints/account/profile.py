"""Who one is, and in which role one works."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.blueprints.account.blueprint import bp, own_row
from app.blueprints.account.forms import ProfileForm
from app.core.errors import InvalidError, NotFoundError
from app.identity.own_account import rename
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.navigation import home_url


@bp.route("/compte", methods=["GET", "POST"])
@requires()
def profile() -> Response:
    """The person's name, and the roles held."""
    person = own_row()
    form = ProfileForm(obj=person)
    if form.validate_on_submit():
        try:
            rename(person, form.name.data or "")
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash("Profil enregistré.", "success")
            return redirect(url_for("account.profile"), code=303)
    return make_response(render_template("account/profile.html", form=form, person=person), 422 if form.errors else 200)


@bp.post("/espace/<assignment_id>")
@requires()
def switch(assignment_id: str) -> Response:
    """Work in another of one's roles from now on."""
    chosen = next((held for held in current_user.assignments if held.id == assignment_id), None)
    if chosen is None:
        raise NotFoundError()
    session["portal"] = chosen.portal
    session["assignments"] = {**session.get("assignments", {}), chosen.portal: chosen.id}
    return redirect(home_url(chosen), code=303)
