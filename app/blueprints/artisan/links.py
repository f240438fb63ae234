"""The links an artisan sends to his customers: made, sent, revoked (PRODUCT.md, Links)."""

from __future__ import annotations

from flask import Response, flash, redirect, url_for
from werkzeug.wrappers import Response as Redirection

from app.blueprints.artisan.blueprint import artisan_row, bp, working_links
from app.blueprints.artisan.forms import WITHOUT_EDITOR, LinkForm
from app.conversations.issuing import issue_artisan_link, revoke_own_link
from app.conversations.links import DEFAULT_LIFE
from app.conversations.lists import CLOSED_LINK_STATES, links_list, one_link
from app.conversations.models import SessionLink
from app.conversations.sending import mail_link
from app.core.errors import ConflictError, ForbiddenError, InvalidError, LimitError, NotFoundError
from app.core.identifiers import format_phone_fr
from app.extensions import db, limiter
from app.identity.links import links_of_artisan
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.link_sharing import LINK_WORDS, link_pill, sharing_of
from app.web.listing import asked_for, listed
from app.web.responding import respond

RECIPIENT = ("name", "email", "phone")


@bp.get("/liens")
@requires("sessions.create_link")
def links() -> Response:
    """Every link in his name, with where it stands."""
    actor = signed_in()
    listing = links_list(actor, q=asked_for("q"), state=asked_for("etat"), editor_link_id=asked_for("editeur"))
    return respond(
        "artisan/links.html",
        "liste",
        page=listed(*listing, default="-creation"),
        words=LINK_WORDS,
        pill=link_pill,
        ties=[tie for tie in links_of_artisan(actor.account_id or "") if tie.status in ("active", "detached")],
        filtered=any(asked_for(name) for name in ("q", "etat", "editeur")),
        phone=format_phone_fr,
    )


@bp.route("/liens/nouveau", methods=["GET", "POST"])
@requires("sessions.create_link")
def new_link() -> Response | Redirection:
    """A link for a customer; then its page, to send it."""
    actor = signed_in()
    ties = working_links(actor)
    form = LinkForm(name=asked_for("nom"), phone=asked_for("telephone"), email=asked_for("email"))
    form.offer_editors(ties)
    if form.validate_on_submit():
        through = form.editor_link_id.data
        try:
            link = issue_artisan_link(
                actor,
                editor_link_id=None if through == WITHOUT_EDITOR else through,
                expires_in=int(form.expires_in.data or DEFAULT_LIFE),
                recipient={name: form[name].data for name in RECIPIENT},
            )
        except InvalidError as error:
            put_errors(form, error)
        except (ForbiddenError, LimitError, NotFoundError) as error:
            form.editor_link_id.errors = [error.message]
        else:
            flash("Lien prêt : envoyez-le à votre client.", "success")
            return redirect(url_for("artisan.link", link_id=link.id), code=303)
    return respond("artisan/new_link.html", form=form, ties=ties, status=422 if form.errors else 200)


@bp.get("/liens/<link_id>")
@requires("sessions.create_link")
def link(link_id: str) -> Response:
    """One link: its state, every way to send it, the conversation behind it."""
    actor = signed_in()
    row = one_link(actor, link_id)
    if row is None:
        raise NotFoundError()
    kept = db.session.get_one(SessionLink, link_id)
    return respond(
        "artisan/link.html",
        "etat",
        row=row,
        pill=link_pill,
        link=kept,
        sharing=sharing_of(kept, artisan_row().display_name) if row.state not in CLOSED_LINK_STATES else None,
        own=kept.created_by == actor.user_id,
        phone=format_phone_fr(row.recipient_phone) if row.recipient_phone else None,
    )


@bp.post("/liens/<link_id>/envoi")
@requires("sessions.create_link")
@limiter.limit("60/hour")
def send_link(link_id: str) -> Redirection:
    """Send the address to its recipient by e-mail, the first time or again."""
    try:
        flash(f"Lien envoyé à {mail_link(signed_in(), link_id)}.", "success")
    except (ConflictError, LimitError) as error:
        flash(error.message, "error")
    return redirect(url_for("artisan.link", link_id=link_id), code=303)


@bp.post("/liens/<link_id>/retrait")
@requires("sessions.create_link")
def revoke(link_id: str) -> Redirection:
    """Close a link that he made, and the conversation behind it."""
    revoke_own_link(signed_in(), link_id)
    flash("Lien retiré : il n’ouvre plus rien.", "success")
    return redirect(url_for("artisan.link", link_id=link_id), code=303)
