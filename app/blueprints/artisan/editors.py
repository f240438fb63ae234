"""The editors whose software the artisan is tied to: he accepts, refuses, detaches (PRODUCT.md, Linking an artisan)."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as Redirection

from app.blueprints.artisan.blueprint import artisan_row, bp
from app.conversations.adoption import adopt_by_artisan
from app.core import format as french
from app.core.errors import ConflictError
from app.extensions import db
from app.identity.links import accept_link, end_link, link_of_artisan, links_of_artisan
from app.web.access import requires, signed_in
from app.web.responding import respond


@bp.get("/logiciels")
@requires("branding.manage")
def editors() -> Response:
    """Proposals first, then the editors he works with, then those he left."""
    ties = links_of_artisan(signed_in().account_id or "")
    by_state = {state: [tie for tie in ties if tie.status == state] for state in ("pending", "active")}
    return respond("artisan/editors.html", **by_state, ended=[tie for tie in ties if tie.status in ("refused", "detached")])


@bp.post("/logiciels/<link_id>/acceptation")
@requires("branding.manage")
def accept_editor(link_id: str) -> Redirection:
    """Work with an editor; the conversations already made through his proposal are found at once."""
    tie = link_of_artisan(signed_in().account_id or "", link_id)
    accept_link(artisan_row(), tie)
    db.session.flush()
    found = adopt_by_artisan(tie.id)
    joined = f" {french.plural(found, 'conversation rejoint les vôtres', 'conversations rejoignent les vôtres')}." if found else ""
    flash(f"{tie.editor_name} est relié à votre compte.{joined}", "success")
    return redirect(url_for("artisan.editors"), code=303)


@bp.post("/logiciels/<link_id>/refus")
@requires("branding.manage")
def refuse_editor(link_id: str) -> Redirection:
    """Decline a proposal."""
    tie = link_of_artisan(signed_in().account_id or "", link_id)
    if tie.status != "pending":
        raise ConflictError("Cette proposition n’est plus en attente.", code="not_pending")
    end_link(tie)
    flash(f"Proposition de {tie.editor_name} refusée.", "success")
    return redirect(url_for("artisan.editors"), code=303)


@bp.post("/logiciels/<link_id>/detachement")
@requires("branding.manage")
def detach_editor(link_id: str) -> Redirection:
    """Stop working with an editor, whose name was typed; the links made through him close at once."""
    tie = link_of_artisan(signed_in().account_id or "", link_id)
    if tie.status != "active":
        raise ConflictError("Cet éditeur n’est plus relié à votre compte.", code="not_active")
    if request.form.get("confirmation", "").strip() != tie.editor_name:
        flash("Le nom écrit n’est pas celui-là : rien n’a changé.", "error")
    else:
        end_link(tie)
        flash(f"{tie.editor_name} est détaché de votre compte.", "success")
    return redirect(url_for("artisan.editors"), code=303)
