"""The blueprint, what waits behind its menu's entries, and the acting artisan's own row."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app
from markupsafe import Markup

from app.core.acting import Actor, current_actor
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


def state_pill(session: Any, unread: bool) -> Markup:
    """Where a conversation stands; first of all, whether it waits for the reader. `session`: its row, or a row of its list."""
    ui = current_app.jinja_env.globals["ui"]
    if unread and session.contact_asked_at:
        pill = ui.pill("action", "Souhaite vous parler", "phone")  # type: ignore[attr-defined]
    elif unread:
        pill = ui.pill("action", "À lire", "point")  # type: ignore[attr-defined]
    elif session.status == "expired":
        pill = ui.pill("neutral", "Sans suite", "clock")  # type: ignore[attr-defined]
    else:
        pill = ui.status_pill(session.status, feminine=True)  # type: ignore[attr-defined]
    return Markup(pill)


@bp.context_processor
def _words() -> dict[str, Any]:
    return {"state_pill": state_pill, "permissions": current_actor().permissions}


@badge("artisan.conversations", kind="action")
def _to_read(actor: Actor) -> int:
    return len(conversations_to_read(actor))


@badge("artisan.editors", kind="action")
def _proposals(actor: Actor) -> int:
    return sum(link.status == "pending" for link in links_of_artisan(actor.account_id or ""))
