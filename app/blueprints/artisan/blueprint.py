"""The blueprint, what waits behind its menu's entries, and the acting artisan's own row."""

from __future__ import annotations

from flask import Blueprint

from app.core.acting import Actor
from app.extensions import db
from app.identity.links import links_of_artisan
from app.identity.models import EditorLink, User
from app.notifications.reading import unread_about
from app.web.access import signed_in
from app.web.navigation import badge

bp = Blueprint("artisan", __name__, url_prefix="/artisan")
CONVERSATION_PATH = "/artisan/conversations/"
"""Where notifications lead; opening the page reads them."""


def artisan_row() -> User:
    """The artisan's account, that of his staff's employer included."""
    return db.session.get_one(User, signed_in().account_id)


def conversations_to_read(actor: Actor) -> set[str]:
    """Ids of the conversations in which something happened that the person has not seen."""
    return unread_about(actor.user_id or "", CONVERSATION_PATH)


def working_links(actor: Actor) -> list[EditorLink]:
    """The editors through whom he may make links, by name."""
    accepted = [link for link in links_of_artisan(actor.account_id or "") if link.status == "active"]
    return [link for link in accepted if link.permissions.get("can_create_sessions", True)]


@badge("artisan.conversations", kind="action")
def _to_read(actor: Actor) -> int:
    return len(conversations_to_read(actor))


@badge("artisan.editors", kind="action")
def _proposals(actor: Actor) -> int:
    return sum(link.status == "pending" for link in links_of_artisan(actor.account_id or ""))
