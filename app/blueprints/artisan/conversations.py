"""The conversations of the artisan's customers with the assistant, through any editor or none."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from flask import Response

from app.blueprints.artisan.blueprint import CONVERSATION_PATH, bp, conversations_to_read
from app.conversations.lists import closed_state, one_link, sessions_list
from app.conversations.models import Session
from app.conversations.portal_view import SessionDetail, session_detail
from app.core import format as french
from app.core.identifiers import format_phone_fr
from app.identity.links import links_of_artisan
from app.notifications.reading import read_about
from app.web.access import requires, signed_in
from app.web.link_sharing import closed_pill
from app.web.listing import asked_for, listed
from app.web.responding import respond, wants_fragment

ESTIMATED = {"avec": True, "sans": False}


@bp.get("/conversations")
@requires("ai-sessions.view_own")
def conversations() -> Response:
    """Every conversation that holds a message, the latest first."""
    actor = signed_in()
    to_read = conversations_to_read(actor)
    listing = sessions_list(
        actor,
        q=asked_for("q"),
        status=asked_for("statut"),
        editor_link_id=asked_for("editeur"),
        estimated=ESTIMATED.get(asked_for("estimation")),
    )
    if asked_for("lecture") == "a-lire":
        listing = listing._replace(statement=listing.statement.where(Session.id.in_(to_read)))
    return respond(
        "artisan/conversations.html",
        "liste",
        page=listed(*listing, default="-activite"),
        ties=[tie for tie in links_of_artisan(actor.account_id or "") if tie.status in ("active", "detached")],
        to_read=to_read,
        filtered=any(asked_for(name) for name in ("q", "statut", "editeur", "estimation", "lecture")),
    )


@bp.get("/conversations/<session_id>")
@requires("ai-sessions.view_own")
def conversation(session_id: str) -> Response:
    """One conversation: what was said and sent, the estimate, whom to call or write to. What led here counts as read.

    An address that only the link has serves too: the artisan wrote it there.
    The open page asks again with what it shows (`vu`): 204 while nothing happened.
    """
    actor, detail = signed_in(), session_detail(session_id)
    link = one_link(actor, detail.session.link_id) if detail.session.link_id else None
    closed = closed_state(link)
    shown = shown_state(detail, closed)
    if wants_fragment() and asked_for("vu") == shown:
        return Response(status=204)
    read_about(actor.user_id or "", f"{CONVERSATION_PATH}{session_id}")
    phone = detail.session.visitor_phone
    return respond(
        "artisan/conversation.html",
        "echange",
        detail=detail,
        session=detail.session,
        phone={"dial": phone, "shown": format_phone_fr(phone)} if phone else None,
        email=detail.session.visitor_email or (link.recipient_email if link else None),
        sent=_sent(detail),
        course=_course(detail),
        closed=closed,
        closed_pill=closed_pill,
        shown=shown,
    )


def shown_state(detail: SessionDetail, closed: str | None) -> str:
    """A short text that changes with whatever the page of a conversation shows."""
    shown = [(message.get("id"), message.get("status"), message["at"], len(message.get("photos", ()))) for message in detail.messages]
    rest = (detail.session.status, closed, detail.session.contact_asked_at, detail.session.visitor_name, detail.session.visitor_email)
    return sha256(repr((shown, len(detail.versions), rest)).encode()).hexdigest()[:16]


def _sent(detail: SessionDetail) -> list[str]:
    """« 12 messages », « 2 photos », « 1 document »: what there is of each."""
    photos = sum(len(message.get("photos", ())) for message in detail.messages)
    documents = sum(len(message.get("documents", ())) for message in detail.messages)
    counted = [(detail.session.messages_count, "message", "messages"), (photos, "photo", "photos"), (documents, "document", "documents")]
    return [french.plural(*one) for one in counted if one[0]]


def _course(detail: SessionDetail) -> list[dict[str, Any]]:
    """What happened so far, oldest first: nothing that cannot happen yet."""
    session, first = detail.session, detail.session.visitor_name or "Le client"
    steps: list[dict[str, Any]] = [{"title": "Conversation ouverte", "at": session.started_at or session.created_at}]
    for version in reversed(detail.versions):
        title = "Première estimation" if version.version == 1 else f"Estimation, version {version.version}"
        steps.append({"title": title, "note": french.euro(version.total_ttc) + " TTC", "at": version.created_at})
        if version.accepted_at:
            steps.append({"title": f"{first} a accepté l’estimation", "at": version.accepted_at})
    if session.contact_asked_at:
        steps.append({"title": f"{first} souhaite vous parler", "at": session.contact_asked_at})
    if session.completed_at:
        steps.append({"title": "Conversation terminée", "at": session.completed_at})
    return sorted(steps, key=lambda step: step["at"])
