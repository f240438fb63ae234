"""Password, address, open cookies."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.blueprints.account.blueprint import bp, own_row
from app.blueprints.account.forms import AddressForm, PasswordForm
from app.core.errors import ConflictError, GoneError, InvalidError, LimitError
from app.core.throttle import throttle
from app.identity.models import User
from app.identity.own_account import change_email, change_password, check_current_password, end_other_cookies, has_password
from app.identity.service import PASSWORD_RULE, checked_email
from app.identity.tokens import Redeemed, peek_token, redeem_token
from app.notifications.account_life import send_email_change, tell_old_address, tell_password_changed
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.signing import stay_signed_in


@bp.get("/compte/securite")
@requires()
def security() -> str:
    """What protects the account, and how to change it."""
    person = own_row()
    return render_template("account/security.html", person=person, has_password=has_password(person.id))


@bp.route("/compte/mot-de-passe", methods=["GET", "POST"])
@requires()
def password() -> Response:
    """Choose another password; the other devices are signed out."""
    person = own_row()
    form = PasswordForm()
    known = has_password(person.id)
    if not known:
        del form.current
    if form.validate_on_submit():
        try:
            change_password(person, form.current.data or "" if known else "", form.password.data or "")
        except InvalidError as error:
            put_errors(form, error)
        except LimitError as error:
            form.current.errors = [error.message]
        else:
            stay_signed_in(person.id)
            tell_password_changed(person)
            flash("Mot de passe enregistré. Vos autres appareils ont été déconnectés.", "success")
            return redirect(url_for("account.security"), code=303)
    page = render_template("account/password.html", form=form, known=known, rule=PASSWORD_RULE, person=person)
    return make_response(page, 422 if form.errors else 200)


@bp.route("/compte/adresse", methods=["GET", "POST"])
@requires()
def change_address() -> Response:
    """Ask for another address: it must be confirmed from its mailbox. The answer does not tell whether it is taken."""
    person = own_row()
    form = AddressForm()
    if not has_password(person.id):
        del form.current
    if form.validate_on_submit():
        try:
            address = checked_email(form.email.data or "")
            if address == person.email:
                raise InvalidError("C’est déjà votre adresse.", {"email": ["C’est déjà votre adresse."]})
            if "current" in form:
                check_current_password(person, form.current.data or "")
            throttle(f"email-change:{person.id}", times=5, seconds=3600)
        except InvalidError as error:
            put_errors(form, error)
        except LimitError as error:
            form.email.errors = [error.message]
        else:
            send_email_change(person, address)
            flash(f"Un lien vient d’être envoyé à {address}. Votre adresse changera quand vous l’aurez ouvert.", "info")
            return redirect(url_for("account.security"), code=303)
    return make_response(render_template("account/address.html", form=form, person=person), 422 if form.errors else 200)


@bp.route("/compte/adresse/<token>", methods=["GET", "POST"])
@requires()
def confirm_address(token: str) -> Response:
    """The link sent to the new address, opened by the person who asked for it: a stranger who reads that mailbox changes nothing."""
    person = own_row()
    found = peek_token("email-change", token)
    if found is None or not _is_for(found, person):
        raise GoneError("Ce lien a déjà servi, n’est plus valable, ou concerne un autre compte que celui-ci.", code="token_used")
    if request.method == "GET":
        return make_response(render_template("account/confirm_address.html", address=found.email, person=person))
    redeem_token("email-change", token)
    try:
        old = change_email(person, found.email)
    except ConflictError as error:
        flash(f"{error.message} Votre adresse n’a pas changé.", "error")
        return redirect(url_for("account.security"), code=303)
    stay_signed_in(person.id)
    tell_old_address(person, old)
    flash("Votre adresse est changée.", "success")
    return redirect(url_for("account.security"), code=303)


def _is_for(found: Redeemed, person: User) -> bool:
    return found.user_id == person.id and found.payload.get("epoch") == person.epoch


@bp.post("/compte/deconnexion-ailleurs")
@requires()
def sign_out_elsewhere() -> Response:
    """End every other cookie; this browser stays."""
    person = own_row()
    end_other_cookies(person)
    stay_signed_in(person.id)
    flash("Vos autres appareils sont déconnectés.", "success")
    return redirect(url_for("account.security"), code=303)
