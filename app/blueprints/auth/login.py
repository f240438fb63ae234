"""The front door: `/`, `/connexion`, `/deconnexion`, and the choice among several roles."""

from __future__ import annotations

import structlog
from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response

from app.blueprints.auth.blueprint import bp
from app.blueprints.auth.forms import LoginForm
from app.core.errors import LimitError
from app.extensions import limiter
from app.identity.guesses import count_guess, forget_guesses
from app.identity.own_account import end_login
from app.identity.service import authenticate, looked_up_email
from app.web.access import public
from app.web.navigation import current_assignment, home_url
from app.web.signing import landing, sign_in

log = structlog.get_logger(__name__)
REFUSAL = "Cette adresse et ce mot de passe n’ouvrent aucun compte."
"""The one sentence of every refusal: unknown address, wrong password, invited or suspended account."""


@bp.get("/")
@public
def front() -> Response:
    """The home of whoever is signed in, else the login page."""
    target = home_url(current_assignment()) if current_user.is_authenticated else url_for("auth.login")
    return redirect(target, code=303)


@bp.get("/connexion")
@public
def login() -> Response:
    """The login page; somebody already signed in goes where he wanted."""
    wanted = request.args.get("suite")
    if current_user.is_authenticated:
        return redirect(landing(wanted), code=303)
    return make_response(render_template("auth/login.html", form=LoginForm(suite=wanted, email=request.args.get("email"))))


@bp.post("/connexion")
@public
@limiter.limit("10/minute", deduct_when=lambda response: response.status_code >= 400)
def log_in() -> Response:
    """Sign in by e-mail and password. Refusals are counted, ten a minute for an IP address and five in a row for an e-mail address."""
    form = LoginForm()
    email, password = form.email.data or "", form.password.data or ""
    subject = f"login:{looked_up_email(email) or email.lower()}"
    try:
        count_guess(subject)
    except LimitError as error:
        response = _refused(form, 429, error.message)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    user_id = authenticate(email, password)
    if user_id is None:
        log.info("login.refused")
        return _refused(form, 422, REFUSAL)
    forget_guesses(subject)
    sign_in(user_id, remember=form.remember.data, password=password)
    return redirect(landing(form.suite.data), code=303)


def _refused(form: LoginForm, status: int, message: str) -> Response:
    return make_response(render_template("auth/login.html", form=form, refusal=message, locked=status == 429), status)


@bp.post("/deconnexion")
@public
def logout() -> Response:
    """Sign out of this browser."""
    if current_user.is_authenticated:
        end_login(current_user.user_id, current_user.login)
    logout_user()
    session.clear()
    flash("Vous êtes déconnecté.", "success")
    return redirect(url_for("auth.login"), code=303)
