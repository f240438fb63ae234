"""The link at the foot of an e-mail, and its one-click twin that mail programs call (RFC 8058)."""

from __future__ import annotations

from flask import render_template, request

from app.blueprints.account.blueprint import notifications_bp as bp
from app.extensions import csrf, limiter
from app.notifications.preferences import enter_by_signature, set_preference, wants_email
from app.notifications.service import KINDS
from app.web.access import public

PATH = "/desabonnement/<user_id>/<kind>/<signature>"


@bp.get(PATH)
@public
def unsubscribing(user_id: str, kind: str, signature: str) -> str:
    """One button: mail programs open links ahead of people."""
    enter_by_signature(user_id, kind, signature)
    return _page(user_id, kind)


@bp.post(PATH)
@public
@csrf.exempt
@limiter.limit("30/minute")
def unsubscribe(user_id: str, kind: str, signature: str) -> str:
    """Stop this kind of e-mail, or take it up again. Without CSRF token: the signature in the address is the proof."""
    enter_by_signature(user_id, kind, signature)
    set_preference(user_id, kind, "reprendre" in request.form)
    return _page(user_id, kind)


def _page(user_id: str, kind: str) -> str:
    return render_template("notifications/unsubscribe.html", label=KINDS[kind].label, wanted=wants_email(user_id, kind))
