"""A forgotten password: a link by e-mail, used once."""

from __future__ import annotations

import contextlib

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from app.blueprints.auth.blueprint import bp, used_link
from app.blueprints.auth.forms import ForgottenForm, NewPasswordForm
from app.core.errors import GoneError, InvalidError, LimitError
from app.core.identifiers import normalise_email
from app.core.jobs import enqueue_after_commit
from app.core.throttle import throttle
from app.extensions import limiter
from app.identity.entering import reset_owner, reset_password
from app.identity.service import PASSWORD_RULE
from app.notifications.account_life import tell_password_changed
from app.notifications.jobs import send_reset
from app.web.access import public
from app.web.form_errors import put_errors
from app.web.signing import landing, sign_in


@bp.route("/mot-de-passe-oublie", methods=["GET", "POST"])
@public
@limiter.limit("10/minute", methods=["POST"])
def forgotten() -> Response:
    """Ask for a link. The answer is the same whether or not an account has this address, and a job looks for it."""
    form = ForgottenForm(email=request.args.get("email"))
    if not form.validate_on_submit():
        return _forgotten_page(form)
    typed = (form.email.data or "").strip()
    try:
        address = normalise_email(typed)
    except ValueError as error:
        form.email.errors = [str(error)]
        return _forgotten_page(form)
    # Beyond three letters in a quarter of an hour the answer stays the same, but nothing more leaves.
    with contextlib.suppress(LimitError):
        throttle(f"reset:{address}", times=3, seconds=900)
        enqueue_after_commit(send_reset, address)
    return make_response(render_template("auth/forgotten.html", form=form, sent_to=typed))


@bp.route("/mot-de-passe/<token>", methods=["GET", "POST"])
@public
@limiter.limit("10/minute", methods=["POST"])
def reset(token: str) -> Response:
    """Choose another password. Opening the page uses nothing: mail programs open links ahead of people."""
    form = NewPasswordForm()
    try:
        email = reset_owner(token).email
        if not form.validate_on_submit():
            return _reset_page(form, email, 422 if form.errors else 200)
        user = reset_password(token, form.password.data or "")
    except GoneError as error:
        return used_link(error.message, kind="reset")
    except InvalidError as error:
        put_errors(form, error)
        return _reset_page(form, email, 422)
    tell_password_changed(user)
    sign_in(user.id)
    flash("Mot de passe enregistré. Vos autres appareils ont été déconnectés.", "success")
    return redirect(landing(None), code=303)


def _forgotten_page(form: ForgottenForm) -> Response:
    return make_response(render_template("auth/forgotten.html", form=form, sent_to=None), 422 if form.errors else 200)


def _reset_page(form: NewPasswordForm, email: str, status: int) -> Response:
    return make_response(render_template("auth/reset.html", form=form, email=email, rule=PASSWORD_RULE), status)
