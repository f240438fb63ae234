"""What the customer's own account may know of his conversation beyond its rows: whom to call, and where it goes on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from app.conversations.links import url_of
from app.conversations.models import Session
from app.conversations.parties import scene_of_session
from app.core.acting import current_actor, visitor
from app.core.transaction import act_as
from app.extensions import db


@dataclass(frozen=True, slots=True)
class Continuation:
    """The artisan's telephone (E.164) and the address of the chat page; None where there is none, or no longer."""

    artisan_phone: str | None
    url: str | None


def continuation_of(session: Session) -> Continuation:
    """How the particulier of this conversation goes on with it.

    Read as its visitor, who he was: neither the artisan's account nor the link is readable by a particulier. The session must
    have been read through his own rights.
    """
    before = current_actor()
    act_as(
        visitor(
            session.id,
            deployment_id=session.deployment_id,
            editor_id=session.editor_id,
            artisan_id=session.artisan_id,
            link_id=session.link_id,
            editor_link_id=session.editor_link_id,
        )
    )
    try:
        scene = scene_of_session(session)
        state = db.session.scalar(text("SELECT state FROM door_link(:id)"), {"id": session.link_id}) if session.link_id else None
        return Continuation(scene.artisan_phone, url_of(scene.link) if scene.link and state == "open" else None)
    finally:
        act_as(before)
