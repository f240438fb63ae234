"""The conversation as a whole: reading it, ending it, taking it along, deleting it."""

from __future__ import annotations

from typing import Any

from app.blueprints.api.bodies import Deleted
from app.blueprints.api.widget import schemas
from app.blueprints.api.widget.blueprint import bp, holder, unconfirmed_holder
from app.conversations import queries, service
from app.conversations.opening import confirm_code, resend_code
from app.conversations.presentation import session_payload
from app.conversations.transcript import send_transcript
from app.core.errors import NotFoundError
from app.core.identifiers import format_phone_fr
from app.extensions import limiter
from app.web.access import public
from app.web.api import bearer


def _whole(session_id: str) -> dict[str, Any]:
    return {"session": session_payload(queries.session_by_id(session_id)), "messages": queries.conversation(session_id)}


@bp.get("/session/<session_id>/messages")
@public
@bp.response(200, schemas.ConversationOut)
def messages(session_id: str) -> dict[str, Any]:
    """All messages, oldest first."""
    return _whole(holder(session_id).session_id)


@bp.get("/session/<session_id>/state")
@public
@bp.response(200, schemas.StateOut)
@bp.refuses(403, 404, 410)
def state(session_id: str) -> dict[str, str]:
    """Whether the conversation may go on: a shown page asks every few seconds; a refusal's code says what ended it."""
    if unconfirmed_holder().session_id != session_id:
        raise NotFoundError()
    return {"state": "open"}


@bp.post("/session/<session_id>/complete")
@public
@bp.response(200, schemas.SessionOut)
@bp.refuses(409)
def complete(session_id: str) -> dict[str, Any]:
    """« J’ai terminé »; a later message reopens the conversation."""
    return session_payload(service.finish(holder(session_id).session_id))


@bp.post("/session/<session_id>/accept")
@public
@bp.arguments(schemas.AcceptIn)
@bp.response(200, schemas.ConversationOut)
@bp.refuses(409)
def accept(body: dict[str, Any], session_id: str) -> dict[str, Any]:
    """« Cela me convient » : the last estimate suits."""
    me = holder(session_id)
    service.accept(me.session_id, body["pre_quote_id"])
    return _whole(me.session_id)


@bp.post("/session/<session_id>/transcript")
@public
@limiter.limit("10/minute")
@bp.arguments(schemas.EmailIn)
@bp.response(202, schemas.SessionOut)
def transcript(body: dict[str, Any], session_id: str) -> dict[str, Any]:
    """Send the conversation by e-mail, with a link that finds it back."""
    return session_payload(send_transcript(holder(session_id).session_id, body["email"]))


@bp.post("/session/<session_id>/contact")
@public
@limiter.limit("10/minute")
@bp.response(200, schemas.ContactOut)
def contact(session_id: str) -> dict[str, Any]:
    """« Parler à l’artisan » : tells him, and gives his phone."""
    me = holder(session_id)
    phone = service.ask_for_artisan(me.session_id)
    return {"artisan_name": queries.session_by_id(me.session_id).artisan_name, "phone": format_phone_fr(phone) if phone else None}


@bp.delete("/session/<session_id>")
@public
@bp.response(200, Deleted)
def delete(session_id: str) -> dict[str, bool]:
    """Delete the conversation: messages, photos and estimate."""
    service.delete_conversation(holder(session_id).session_id)
    return {"deleted": True}


@bp.post("/session/<session_id>/code")
@public
@limiter.limit("10/minute")
@bp.arguments(schemas.CodeIn)
@bp.response(200, schemas.CodeOut)
def code(body: dict[str, Any], session_id: str) -> dict[str, Any]:
    """Confirm a second device with the six digits sent by e-mail, or have another code sent."""
    me = unconfirmed_holder()
    if session_id != me.session_id:
        raise NotFoundError()
    if body["resend"]:
        resend_code(me, bearer() or "")
        return {"sent": True, "session": None, "messages": []}
    confirm_code(me, body["code"], bearer() or "")
    return {"sent": False, **_whole(session_id)}
