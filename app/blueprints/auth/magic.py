"""« Retrouver ma conversation » : the link of a transcript opens the particulier's account (PRODUCT.md, Visitor's account)."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.blueprints.auth.blueprint import bp, used_link
from app.conversations.adoption import adopt_by_particulier
from app.core.acting import platform
from app.core.errors import GoneError, NotFoundError
from app.core.transaction import act_as
from app.extensions import db, limiter
from app.identity.entering import enter_as_particulier, only_particulier
from app.identity.tokens import peek_token, redeem_token
from app.web.access import public
from app.web.signing import sign_in


@bp.get("/connexion/lien/<token>")
@public
def magic(token: str) -> Response:
    """One button: mail programs open links ahead of people, and a link works once."""
    found = peek_token("magic", token)
    if found is None:
        return used_link("Ce lien a déjà servi ou n’est plus valable.", kind="magic")
    return make_response(render_template("auth/magic.html", email=found.email))


@bp.post("/connexion/lien/<token>")
@public
@limiter.limit("20/minute")
def enter(token: str) -> Response:
    """Make or find the account of the address, give it the conversation, sign in and show it.

    An account with another role than particulier asks for its password: reading its mailbox once is not enough.
    """
    try:
        found = redeem_token("magic", token)
        act_as(platform("magic-link"))
        user = enter_as_particulier(found.email, found.payload.get("name"))
        db.session.flush()
        session_id = found.payload["session_id"]
        adopt_by_particulier(session_id, user.id, found.email)
    except (GoneError, NotFoundError) as error:
        return used_link(error.message, kind="magic")
    target = f"/particulier/conversations/{session_id}"
    signed_in_already = current_user.is_authenticated and current_user.user_id == user.id
    if not signed_in_already and not only_particulier(user.id):
        flash("La conversation est dans votre compte. Connectez-vous pour la lire.", "info")
        return redirect(url_for("auth.login", suite=target, email=user.email), code=303)
    if not signed_in_already:
        sign_in(user.id, remember=True)
    return redirect(target, code=303)
