"""An invitation: who invites, what it opens, a name and a password (PRODUCT.md, Linking an artisan)."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.blueprints.auth.blueprint import bp, used_link
from app.blueprints.auth.forms import InvitationForm
from app.conversations.adoption import adopt_by_artisan
from app.core.errors import GoneError, InvalidError
from app.core.format import plural
from app.extensions import limiter
from app.identity.entering import Invitation, Welcome, accept_invitation, read_invitation
from app.identity.service import PASSWORD_RULE
from app.notifications.invitations import tell_proposal
from app.web.access import public
from app.web.form_errors import put_errors
from app.web.signing import landing, sign_in


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@public
@limiter.limit("20/minute", methods=["POST"])
def invitation(token: str) -> Response:
    """Open an invited account. The proposal of an editor is accepted here if the box stays ticked, else it waits in the portal."""
    try:
        invited = read_invitation(token)
        form = _form(invited)
        if not form.validate_on_submit():
            return _page(form, invited, 422 if form.errors else 200)
        welcome = accept_invitation(
            token,
            name=form.name.data if "name" in form else "",
            company_name=form.company_name.data if "company_name" in form else "",
            password=form.password.data if "password" in form else "",
            accepts_link="accepts_link" in form and form.accepts_link.data,
        )
    except GoneError as error:
        return used_link(error.message, kind="invitation")
    except InvalidError as error:
        put_errors(form, error)
        return _page(form, invited, 422)
    return _welcome(welcome)


def _form(invited: Invitation) -> InvitationForm:
    """Only the fields that concern this person, filled with what is known."""
    form = InvitationForm(name=invited.name, company_name=invited.link.artisan_name if invited.link else "")
    if invited.link is None:
        del form.accepts_link
    else:
        form.accepts_link.label.text = f"Relier mon compte à {invited.link.editor_name}"
    if not invited.needs_password:
        del form.name, form.password
    if not invited.needs_password or not invited.as_artisan:
        del form.company_name
    return form


def _page(form: InvitationForm, invited: Invitation, status: int) -> Response:
    return make_response(render_template("auth/invitation.html", form=form, invited=invited, rule=PASSWORD_RULE), status)


def _welcome(welcome: Welcome) -> Response:
    link = welcome.link
    words = ["Bienvenue sur AI-Manager."]
    if link is not None and link.status == "active":
        adopted = adopt_by_artisan(link.id)
        words = [f"Votre compte est relié à {link.editor_name}."]
        if adopted:
            words.append(f"{plural(adopted, 'conversation vous y attend', 'conversations vous y attendent')}.")
    elif link is not None:
        tell_proposal(link)
    if welcome.chose_password:
        sign_in(welcome.user.id)
        target = landing(None)
    else:
        words.append("Connectez-vous pour continuer.")
        target = url_for("auth.login", email=welcome.user.email)
    flash(" ".join(words), "success")
    return redirect(target, code=303)
