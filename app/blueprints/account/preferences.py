"""What one wants by e-mail."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.blueprints.account.blueprint import bp
from app.blueprints.account.forms import preferences_form
from app.notifications.preferences import kinds_for, refused_kinds, set_preference
from app.web.access import requires, signed_in


@bp.route("/compte/notifications", methods=["GET", "POST"])
@requires()
def preferences() -> Response:
    """One switch per kind that concerns the person, whatever the role he works in now."""
    user_id = signed_in().user_id or ""
    kinds = kinds_for(held.role for held in current_user.assignments)
    refused = refused_kinds(user_id)
    form = preferences_form(kinds, refused)
    if kinds and form.validate_on_submit():
        for kind in kinds:
            if form[kind].data == (kind in refused):
                set_preference(user_id, kind, form[kind].data)
        flash("Préférences enregistrées.", "success")
        return redirect(url_for("account.preferences"), code=303)
    return make_response(render_template("account/preferences.html", form=form, kinds=kinds))
