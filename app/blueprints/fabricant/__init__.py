"""The manufacturer's portal: who he is for the platform, and the keys of his programs."""

from __future__ import annotations

from flask import Blueprint, Response

from app.core import clock
from app.core.identifiers import format_phone_fr
from app.extensions import db
from app.identity.keys import keys_of
from app.identity.models import User
from app.web.access import requires, signed_in
from app.web.responding import respond

bp = Blueprint("fabricant", __name__, url_prefix="/fabricant")


@bp.get("/")
@requires("catalog.manage")
def home() -> Response:
    """The company's page as others see it, and the keys in service."""
    actor, now = signed_in(), clock.now()
    account = db.session.get_one(User, actor.account_id)
    living = [key for key in keys_of(actor) if key.revoked_at is None and (key.expires_at is None or key.expires_at > now)]
    phone = format_phone_fr(account.phone) if account.phone else None
    return respond("fabricant/home.html", account=account, phone=phone, keys=living if actor.can("api.access") else None)
