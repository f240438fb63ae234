"""Artisans linked to this editor (003 §15.2 A; PRODUCT.md, Linking an artisan)."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import ColumnElement, func, or_, select

from app.billing.usage import link_share
from app.blueprints.editeur.blueprint import account_id, bp
from app.blueprints.editeur.forms import ArtisanForm, PermissionFields, TieForm
from app.conversations.lists import sessions_list
from app.core import format as french
from app.core.acting import Actor
from app.core.errors import ConflictError, InvalidError
from app.core.jobs import enqueue_after_commit
from app.extensions import db, limiter
from app.identity.links import ask_again, configure_link, detach_artisan, link_of_editor, propose_link
from app.identity.models import EditorLink
from app.notifications.jobs import invite_artisan
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.listing import asked_for, listed
from app.web.navigation import badge
from app.web.paging import paginate
from app.web.responding import respond

STATUSES = ("pending", "active", "refused", "detached")
COLUMNS = (
    EditorLink.id,
    EditorLink.external_id,
    EditorLink.artisan_name,
    EditorLink.invited_email,
    EditorLink.artisan_phone,
    EditorLink.status,
    EditorLink.created_at,
    EditorLink.linked_at,
)


@badge("editeur.artisans")
def _linked(actor: Actor) -> int:
    counted = select(func.count()).where(EditorLink.editor_id == actor.account_id, EditorLink.status == "active")
    return db.session.scalar(counted) or 0


@bp.get("/artisans")
@requires("artisans.view")
def artisans() -> Response:
    """The list, the newest first."""
    statement = select(*COLUMNS).where(EditorLink.editor_id == account_id(), *_matching(asked_for("q")))
    if asked_for("etat") in STATUSES:
        statement = statement.where(EditorLink.status == asked_for("etat"))
    sorts: dict[str, Any] = {"creation": EditorLink.created_at, "nom": EditorLink.artisan_name, "identifiant": EditorLink.external_id}
    page = listed(statement, sorts, EditorLink.id, default="-creation", limit=25)
    return respond("editeur/artisans.html", "artisans", page=page, filtered=asked_for("q") or asked_for("etat"))


@bp.route("/artisans/nouveau", methods=["GET", "POST"])
@requires("artisans.link")
@limiter.limit("60/hour", methods=["POST"])
def new_artisan() -> Response:
    """Propose a link; the answer is the same whether or not the artisan has an account."""
    form = ArtisanForm()
    if form.validate_on_submit():
        try:
            link = propose_link(
                signed_in(),
                email=form.email.data or "",
                external_id=form.external_id.data or "",
                name=form.name.data or "",
                phone=form.phone.data or None,
                permissions=permissions_of(form),
            )
        except InvalidError as error:
            put_errors(form, error)
        except ConflictError as error:
            put_errors(form, InvalidError(error.message, {"external_id": [error.message]}))
        else:
            enqueue_after_commit(invite_artisan, link.id)
            flash("Proposition envoyée. Vous pouvez déjà créer des liens sous cet identifiant.", "success")
            return redirect(url_for("editeur.artisan", link_id=link.id), code=303)  # type: ignore[return-value]
    return respond("editeur/new_artisan.html", form=form, status=422 if form.errors else 200)


@bp.route("/artisans/<link_id>", methods=["GET", "POST"])
@requires("artisans.view")
def artisan(link_id: str) -> Response:
    """What he may do through this editor, how his conversations look, and the latest of them."""
    actor, link = signed_in(), link_of_editor(account_id(), link_id)
    form = TieForm(data=None if request.method == "POST" else {**link.permissions, **link.branding})
    if form.validate_on_submit() and actor.can("artisans.link"):
        configure_link(link, permissions=permissions_of(form), branding=_branding(form))
        flash(f"Réglages {french.de(link.artisan_name)} enregistrés.", "success")
        return redirect(url_for("editeur.artisan", link_id=link.id), code=303)  # type: ignore[return-value]
    latest = sessions_list(actor, editor_link_id=link.id)
    sessions = paginate(latest.statement, [latest.sorts["activite"], latest.unique], limit=5).rows
    status = 422 if form.errors else 200
    return respond("editeur/artisan.html", link=link, form=form, sessions=sessions, shares=[link_share(link)], status=status)


@bp.post("/artisans/<link_id>/relancer")
@requires("artisans.link")
@limiter.limit("10/hour")
def remind_artisan(link_id: str) -> Response:
    """Send the proposal again."""
    link = link_of_editor(account_id(), link_id)
    try:
        ask_again(link)
    except ConflictError as error:
        flash(error.message, "error")
    else:
        enqueue_after_commit(invite_artisan, link.id)
        flash(f"Proposition renvoyée à {link.invited_email}.", "success")
    return redirect(url_for("editeur.artisan", link_id=link.id), code=303)  # type: ignore[return-value]


@bp.post("/artisans/<link_id>/detacher")
@requires("artisans.link")
def detach(link_id: str) -> Response:
    """End the link at once; its identifier was typed."""
    link = link_of_editor(account_id(), link_id)
    if request.form.get("confirmation", "").strip() != link.external_id:
        flash("L’identifiant écrit n’est pas celui-là : rien n’a changé.", "error")
    else:
        detach_artisan(link)
        flash(f"{link.artisan_name} n’est plus relié. Les liens créés pour ses clients sont fermés.", "success")
    return redirect(url_for("editeur.artisan", link_id=link.id), code=303)  # type: ignore[return-value]


def _matching(q: str) -> list[ColumnElement[bool]]:
    columns = (EditorLink.artisan_name, EditorLink.external_id, EditorLink.invited_email)
    return [or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in q.split()[:6]]


def permissions_of(form: PermissionFields) -> dict[str, Any]:
    """What the form lets the artisan do."""
    return {
        "can_create_sessions": bool(form.can_create_sessions.data),
        "can_view_analytics": bool(form.can_view_analytics.data),
        "max_sessions_month": form.max_sessions_month.data,
    }


def _branding(form: TieForm) -> dict[str, Any]:
    return {name: (form[name].data or "").strip() for name in ("title", "primary_color", "welcome_message", "signature")}
