"""Links `/s/<token>` that this editor makes for his artisans' customers (003 §15.2 B)."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select

from app.audit.service import record
from app.blueprints.editeur.blueprint import account_id, bp
from app.blueprints.editeur.forms import LinkForm
from app.conversations.issuing import issue_editor_link
from app.conversations.links import revoke_link, url_of
from app.conversations.lists import CLOSED_LINK_STATES, links_list, one_link
from app.conversations.models import SessionLink
from app.conversations.sending import mail_link
from app.core.errors import ConflictError, InvalidError, LimitError, NotFoundError
from app.deployments.models import Deployment
from app.extensions import db, limiter
from app.identity.models import EditorLink
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.link_sharing import qr_code, sharing_of
from app.web.listing import asked_for, listed
from app.web.responding import respond

SUGGESTED = 200


@bp.get("/liens")
@requires("sessions.create_link")
def links() -> Response:
    """The list, the newest first."""
    page = listed(
        *links_list(signed_in(), q=asked_for("q"), state=asked_for("etat"), editor_link_id=asked_for("artisan")),
        default="-creation",
        limit=25,
    )
    filtered = any(asked_for(name) for name in ("q", "etat", "artisan"))
    return respond("editeur/links.html", "liens", page=page, filtered=filtered)


@bp.route("/liens/nouveau", methods=["GET", "POST"])
@requires("sessions.create_link")
def new_link() -> Response:
    """Make a link for an artisan's customer."""
    form = LinkForm(data={"artisan_external_id": asked_for("artisan")} if request.method == "GET" else None)
    form.deployment.choices = _deployments()
    ties = _ties()
    if form.validate_on_submit():
        try:
            link = issue_editor_link(
                signed_in(),
                deployment_key=form.deployment.data,
                artisan_external_id=(form.artisan_external_id.data or "").strip(),
                context={},
                expires_in=int(timedelta(days=int(form.days.data)).total_seconds()),
                recipient={"name": form.name.data, "email": form.email.data, "phone": form.phone.data},
            )
        except InvalidError as error:
            put_errors(form, error)
        except (LimitError, NotFoundError) as error:
            put_errors(form, InvalidError(error.message, {"artisan_external_id": [error.message]}))
        else:
            flash("Lien créé. Il reste à l’envoyer.", "success")
            return redirect(url_for("editeur.link", link_id=link.id), code=303)  # type: ignore[return-value]
    return respond("editeur/new_link.html", form=form, ties=ties, status=422 if form.errors else 200)


@bp.get("/liens/<link_id>")
@requires("sessions.create_link")
def link(link_id: str) -> Response:
    """The address, its QR code and the ways to send it."""
    row = one_link(signed_in(), link_id)
    if row is None:
        raise NotFoundError()
    sharing = sharing_of(_link(link_id), row.artisan_name or signed_in().name)
    return respond("editeur/link.html", link=row, sharing=sharing, alive=row.state not in CLOSED_LINK_STATES)


@bp.get("/liens/<link_id>/qr.svg")
@requires("sessions.create_link")
def link_qr(link_id: str) -> Response:
    """The QR code of the address, as a picture."""
    return Response(qr_code(url_of(_link(link_id))), mimetype="image/svg+xml", headers={"Cache-Control": "private, max-age=3600"})


@bp.post("/liens/<link_id>/envoyer")
@requires("sessions.create_link")
@limiter.limit("60/hour")
def send_link(link_id: str) -> Response:
    """Send the address to its recipient by e-mail, the first time or again."""
    try:
        flash(f"Lien envoyé à {mail_link(signed_in(), link_id)}.", "success")
    except (ConflictError, LimitError) as error:
        flash(error.message, "error")
    return redirect(url_for("editeur.link", link_id=link_id), code=303)  # type: ignore[return-value]


@bp.post("/liens/<link_id>/retirer")
@requires("sessions.create_link")
def withdraw_link(link_id: str) -> Response:
    """Close the link and the conversation behind it."""
    found = _link(link_id)
    revoke_link(found)
    record("link.revoked", found.id)
    flash("Lien retiré : il n’ouvre plus rien.", "success")
    return redirect(url_for("editeur.link", link_id=link_id), code=303)  # type: ignore[return-value]


def _link(link_id: str) -> SessionLink:
    found = db.session.scalar(select(SessionLink).where(SessionLink.id == link_id, SessionLink.editor_id == account_id()))
    if found is None:
        raise NotFoundError()
    return found


def _deployments() -> list[tuple[str, str]]:
    wanted = select(Deployment.id, Deployment.name).where(Deployment.editor_id == account_id(), Deployment.is_active)
    return [(row.id, row.name) for row in db.session.execute(wanted.order_by(Deployment.name))]


def _ties() -> list[EditorLink]:
    """Artisans to suggest, the newest first."""
    return list(
        db.session.scalars(
            select(EditorLink)
            .where(EditorLink.editor_id == account_id(), EditorLink.status.in_(("pending", "active")))
            .order_by(EditorLink.created_at.desc())
            .limit(SUGGESTED)
        )
    )
