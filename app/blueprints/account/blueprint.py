"""The blueprints, the tabs of the account's pages, and the acting person's own row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for

from app.core.acting import Actor, current_actor
from app.core.errors import ForbiddenError
from app.extensions import db
from app.identity.models import User
from app.web.access import signed_in

bp = Blueprint("account", __name__)
notifications_bp = Blueprint("notifications", __name__, url_prefix="/notifications")

COMPANIES = ("editeur", "artisan", "fabricant")
KEY_KINDS = {"editeur": "key", "fabricant": "key", "artisan": "token", "admin": "token", "super-admin": "token"}
"""What each role makes (CONTRACT.md, Ways in): a key of the account, or a personal token."""


def own_row() -> User:
    """The signed-in person's own account."""
    actor = signed_in()
    return db.session.get_one(User, actor.user_id)


def is_company(actor: Actor) -> bool:
    """True for a company's principal account; its staff changes nothing of it."""
    return actor.role in COMPANIES and actor.account_id == actor.user_id


def require_company() -> User:
    """The company whose page is asked for. Raises ForbiddenError."""
    if not is_company(signed_in()):
        raise ForbiddenError("Votre compte n’est pas celui d’une entreprise.")
    return own_row()


def makes_keys(actor: Actor) -> bool:
    """True for who may make keys or tokens, for himself."""
    return actor.role in KEY_KINDS and actor.account_id == actor.user_id and actor.can("api.access")


@bp.context_processor
def _tabs() -> dict[str, Any]:
    """The tabs that concern the acting person."""
    actor = current_actor()
    if actor.kind != "user":
        return {}
    shown = [("Profil", "account.profile", True), ("Entreprise", "account.company", is_company(actor))]
    shown += [("Sécurité", "account.security", True)]
    shown += [(key_words(actor).title, "account.keys", makes_keys(actor)), ("Notifications", "account.preferences", True)]
    current = SAME_TAB.get(request.endpoint or "", request.endpoint)
    return {
        "tabs": [
            {"label": label, "href": url_for(endpoint), "active": endpoint == current} for label, endpoint, concerned in shown if concerned
        ]
    }


SAME_TAB = {
    "account.password": "account.security",
    "account.change_address": "account.security",
    "account.confirm_address": "account.security",
    "account.create_key": "account.keys",
}


@dataclass(frozen=True, slots=True)
class KeyWords:
    """How keys are called, in French that agrees, and the header that carries one."""

    title: str
    one: str
    feminine: bool
    header: str


KEY = KeyWords("Clés d’API", "clé", True, "X-API-Key")
TOKEN = KeyWords("Jetons d’accès", "jeton", False, "Authorization: Bearer")


def key_words(actor: Actor) -> KeyWords:
    """The words of this role's keys or tokens."""
    return TOKEN if KEY_KINDS.get(actor.role or "") == "token" else KEY
