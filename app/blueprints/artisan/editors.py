"""The editors whose software the artisan is tied to: he accepts, refuses, detaches (PRODUCT.md, Linking an artisan)."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as Redirection

from app.blueprints.artisan.blueprint import artisan_row, bp
from app.blueprints.artisan.forms import LinkCodeForm
from app.blueprints.deployment_pages.periods import asked_period, words_of
from app.conversations.adoption import adopt_by_artisan
from app.core import format as french
from app.core.errors import ConflictError, ForbiddenError, InvalidError, LimitError
from app.extensions import db, limiter
from app.identity.link_codes import use_code
from app.identity.links import accept_link, end_link, link_of_artisan, links_of_artisan
from app.identity.models import EditorLink
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.responding import respond


@bp.get("/logiciels")
@requires("branding.manage")
def editors() -> Response:
    """Proposals first, then the editors he works with, then those he left."""
    return _page(LinkCodeForm())


@bp.post("/logiciels/code")
@requires("branding.manage")
@limiter.limit("30/hour")
def use_link_code() -> Response | Redirection:
    """Work with the editor who gave him a code, at once."""
    form = LinkCodeForm()
    if form.validate_on_submit():
        try:
            tie = use_code(artisan_row(), form.code.data or "")
        except InvalidError as error:
            put_errors(form, error)
        except (ConflictError, LimitError) as error:
            put_errors(form, InvalidError(error.message, {"code": [error.message]}))
        else:
            return _welcomed(tie)
    return _page(form)


def _page(form: LinkCodeForm) -> Response:
    ties = links_of_artisan(signed_in().account_id or "")
    by_state = {state: [tie for tie in ties if tie.status == state] for state in ("pending", "active")}
    ended = [tie for tie in ties if tie.status in ("refused", "detached")]
    return respond("artisan/editors.html", **by_state, ended=ended, form=form, status=422 if form.errors else 200)


def _welcomed(tie: EditorLink) -> Redirection:
    """The conversations already made through the tie are found at once."""
    db.session.flush()
    found = adopt_by_artisan(tie.id)
    joined = f" {french.plural(found, 'conversation rejoint les vôtres', 'conversations rejoignent les vôtres')}." if found else ""
    flash(f"{tie.editor_name} est relié à votre compte.{joined}", "success")
    return redirect(url_for("artisan.editors"), code=303)


@bp.get("/logiciels/<link_id>/statistiques")
@requires("ai-sessions.view_own")
def editor_statistics(link_id: str) -> Response:
    """The figures of his own conversations through one editor, when the editor shows them."""
    tie = link_of_artisan(signed_in().account_id or "", link_id)
    if tie.status != "active" or not tie.permissions.get("can_view_analytics"):
        raise ForbiddenError(f"{tie.editor_name} ne vous montre pas ces chiffres.", code="not_permitted")
    words = words_of(asked_period(), editor_id=tie.editor_id, deployment_id=None)
    return respond("artisan/editor_statistics.html", tie=tie, **words)


@bp.post("/logiciels/<link_id>/acceptation")
@requires("branding.manage")
def accept_editor(link_id: str) -> Redirection:
    """Work with an editor; the conversations already made through his proposal are found at once."""
    tie = link_of_artisan(signed_in().account_id or "", link_id)
    accept_link(artisan_row(), tie)
    return _welcomed(tie)


@bp.post("/logiciels/<link_id>/refus")
@requires("branding.manage")
def refuse_editor(link_id: str) -> Redirection:
    """Decline a proposal."""
    tie = link_of_artisan(signed_in().account_id or "", link_id)
    if tie.status != "pending":
        raise ConflictError("Cette proposition n’est plus en attente.", code="not_pending")
    end_link(tie)
    flash(f"Proposition {french.de(tie.editor_name)} refusée.", "success")
    return redirect(url_for("artisan.editors"), code=303)


@bp.post("/logiciels/<link_id>/detachement")
@requires("branding.manage")
def detach_editor(link_id: str) -> Redirection:
    """Stop working with an editor, whose name was typed; the links made through him close at once."""
    tie = link_of_artisan(signed_in().account_id or "", link_id)
    if tie.status != "active":
        raise ConflictError("Cet éditeur n’est plus relié à votre compte.", code="not_active")
    if request.form.get("confirmation", "").strip() != tie.editor_name:
        flash("Le nom écrit n’est pas celui-là : rien n’a changé.", "error")
    else:
        end_link(tie)
        flash(f"{tie.editor_name} est détaché de votre compte.", "success")
    return redirect(url_for("artisan.editors"), code=303)
