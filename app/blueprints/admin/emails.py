"""The e-mails written by the platform: what was sent, what waits, what failed."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.blueprints.admin.blueprint import bp
from app.core.acting import Actor
from app.extensions import settings
from app.notifications import outbox
from app.notifications.models import EmailMessage
from app.notifications.outbox import KIND_WORDS, SECRET_KINDS, email_by_id, send_again
from app.web.access import requires, signed_in
from app.web.listing import asked_for, listed
from app.web.navigation import badge
from app.web.responding import respond

STATES = [
    ("", "Tous les états"),
    ("queued", "En file"),
    ("sending", "En cours d’envoi"),
    ("sent", "Envoyés"),
    ("failed", "En échec"),
    ("outbox", "Gardés ici"),
]


@badge("admin.emails", kind="action")
def failed_emails(actor: Actor) -> int:
    """E-mails that nobody will receive unless somebody sends them again."""
    return outbox.count_failed() if actor.can("users.manage") else 0


@bp.get("/envois")
@requires("users.manage")
def emails() -> ResponseReturnValue:
    """Every e-mail, the last written first."""
    statement = outbox.emails(query=asked_for("q"), status=asked_for("statut"))
    page = listed(statement, {"quand": EmailMessage.created_at}, EmailMessage.id, default="-quand")
    return respond("admin/emails/list.html", "liste", page=page, states=STATES, has_server=settings().smtp_url is not None)


@bp.get("/envois/<email_id>")
@requires("users.manage")
def email(email_id: str) -> ResponseReturnValue:
    """One e-mail, its text; a link that opens an account is for super-administrators only."""
    found = email_by_id(email_id)
    return respond("admin/emails/show.html", email=found, kinds=KIND_WORDS, readable=_readable(signed_in(), found))


@bp.post("/envois/<email_id>/renvoi")
@requires("users.manage")
def resend_email(email_id: str) -> ResponseReturnValue:
    """Send the same message once more."""
    found = email_by_id(email_id)
    send_again(found)
    flash(f"Le message repart à {found.recipient}.", "success")
    return redirect(url_for(".email", email_id=found.id), code=303)


def _readable(actor: Actor, found: EmailMessage) -> bool:
    return found.kind not in SECRET_KINDS or actor.can("staff.manage")
