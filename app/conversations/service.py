"""What a visitor does in his conversation. Each verb is safe to repeat (LESSONS.md, Losing or doubling)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import bindparam, delete, func, select, update

from app.billing.quotas import budget_refusal, refusal_of
from app.conversations import facts, posting, replies_queue
from app.conversations.errors import over_quota
from app.conversations.models import Message, Session, SessionToken
from app.conversations.parties import scene_of_session
from app.conversations.queries import UNFINISHED, is_answering
from app.core import clock
from app.core.acting import current_actor, platform
from app.core.errors import ConflictError, InvalidError, LimitError, NotFoundError
from app.core.identifiers import normalise_email
from app.core.ids import new_id
from app.core.rows import mark_changed
from app.core.throttle import throttle
from app.core.transaction import act_as, acting_as
from app.extensions import db
from app.files.models import File
from app.files.service import forget_files, remove_unsent, take_file
from app.identity.tokens import forget_tokens
from app.notifications.delivery import forget as forget_told
from app.notifications.service import notify
from app.quoting.service import accept_pre_quote, forget_project
from app.webhooks.service import forget_events, tell_after_commit

MAX_LENGTH = 4000
MAX_MESSAGES = 120
"""Of a conversation, its replies included: the journey needs a dozen."""
MAX_SESSION_TOKENS = 200_000
KNOWN_FACTOR = 5
"""How much further a conversation goes once its visitor has an account."""
MAX_FILES_PER_MESSAGE = 10


_LOCK = select(Session).where(Session.id == bindparam("session_id"), Session.status != "deleted").with_for_update()


@dataclass(frozen=True, slots=True)
class Posted:
    """The visitor's message and the agent's reply that answers it; `waiting` replies come before that one."""

    message_id: str
    reply_id: str
    reply_status: str
    waiting: int


def lock_session(session_id: str) -> Session:
    """The session, locked until the end of the transaction. Raises NotFoundError."""
    session = db.session.scalar(_LOCK, {"session_id": session_id})
    if session is None:
        raise NotFoundError()
    actor = current_actor()
    if actor.kind == "visitor" and actor.artisan_id != session.artisan_id:
        act_as(replace(actor, artisan_id=session.artisan_id))  # he accepted his editor's link a moment ago
    return session


def post_message(
    session_id: str, content: str, client_message_id: str, file_ids: list[str], untrusted_context: dict[str, object]
) -> Posted:
    """Keep a visitor's message and queue its reply, in one transaction.

    The same `client_message_id` is the same message, whatever its content. Raises InvalidError (empty or longer than
    4,000 characters), LimitError (120 messages or 200,000 tokens a session; the plan, the day or the link is used up), NotFoundError.
    """
    session = lock_session(session_id)
    content = content.strip()
    files = _files_to_send(session_id, file_ids)
    try:
        _refuse_message(session, content, files)
    except (InvalidError, LimitError):
        if known := _known(session_id, client_message_id):
            return known
        raise
    now = clock.now()
    message = Message(
        id=new_id("msg"), client_message_id=client_message_id, sender="visitor", content=content, created_at=now, **_ids(session)
    )
    reply = replies_queue.make_reply(session, message)
    first = session.started_at is None
    changes = {
        "untrusted_context": untrusted_context or session.untrusted_context,
        "messages_count": session.messages_count + 1,
        "last_activity_at": now,
        "status": "open",
        "completed_at": None,
        "completed_reason": None,
        "started_at": session.started_at or now,
    }
    mark_changed(session, changes)  # events tell of the session as it becomes
    events = [facts.fact("session.started", session, {"origin": "link" if session.link_id else "widget"})] if first else []
    events.append(facts.fact("message.created", session, facts.message_data(message)))
    kept = posting.keep(session, changes, message=message, reply=reply, events=events, first=first)
    if kept is None:
        db.session.expire(session)
        return cast(Posted, _known(session_id, client_message_id))
    waiting, spent = kept
    if refusal := refusal_of(spent):
        raise over_quota(scene_of_session(session), refusal)
    for file in files:
        file.message_id = message.id
    for event in events:
        tell_after_commit(event)
    replies_queue.enqueue_reply(reply)
    return Posted(message.id, reply.id, reply.status, waiting)


def _known(session_id: str, client_message_id: str) -> Posted | None:
    """What became of a message that came before under the same identifier."""
    known = db.session.scalar(select(Message).where(Message.session_id == session_id, Message.client_message_id == client_message_id))
    if known is None:
        return None
    reply = db.session.scalars(select(Message).where(Message.reply_to == known.id).order_by(Message.position.desc())).first() or known
    waiting = select(func.count()).where(
        Message.session_id == session_id, Message.status.in_(UNFINISHED), Message.position < reply.position
    )
    return Posted(known.id, reply.id, reply.status, db.session.scalar(waiting) or 0)


def _refuse_message(session: Session, content: str, files: list[File]) -> None:
    if not content and not files:
        raise InvalidError("Écrivez un message ou joignez une photo.", {"content": ["Le message est vide."]}, code="message_empty")
    if len(content) > MAX_LENGTH:
        raise InvalidError("Ce message est trop long.", {"content": [f"{MAX_LENGTH} caractères au plus."]}, code="message_too_long")
    _refuse_excess(session)


def attach_file(session_id: str, name: str, data: bytes) -> File:
    """Take in a file of this session (`files.service.take_file` says what is refused)."""
    session = lock_session(session_id)
    file = take_file(name=name, data=data, **_ids(session))
    session.files_count += 1
    session.last_activity_at = clock.now()
    return file


def detach_file(session_id: str, file_id: str) -> None:
    """Take back a file that was not sent yet."""
    session = lock_session(session_id)
    remove_unsent(session_id, file_id)
    session.files_count -= 1


def _files_to_send(session_id: str, file_ids: list[str]) -> list[File]:
    if not file_ids:
        return []
    found = db.session.scalars(
        select(File)
        .where(File.session_id == session_id, File.id.in_(file_ids[:MAX_FILES_PER_MESSAGE]), File.message_id.is_(None))
        .order_by(File.created_at)
    ).all()
    return [file for file in found if file.status != "refused"]


def _refuse_excess(session: Session, *, retrying: bool = False) -> None:
    """A bot may not spend: PRODUCT's journey needs a handful of messages."""
    factor = KNOWN_FACTOR if session.particulier_id else 1
    if session.messages_count >= MAX_MESSAGES * factor + retrying or session.tokens_used >= MAX_SESSION_TOKENS * factor:
        raise LimitError(
            "Cette conversation a atteint sa longueur maximale. L’artisan a tout reçu : appelez-le pour la suite.",
            code="message_limit_reached",
            retry_after=86_400,
        )


def _ids(session: Session) -> dict[str, Any]:
    return {
        "session_id": session.id,
        "editor_id": session.editor_id,
        "artisan_id": session.artisan_id,
        "particulier_id": session.particulier_id,
    }


def stop_reply(session_id: str, message_id: str) -> Message:
    """Ask a reply to stop: what was written so far is kept. A finished one stays as it is."""
    session = lock_session(session_id)
    message = _reply(session_id, message_id)
    if message.status == "queued":
        message.status, message.completed_at = "cancelled", clock.now()
        replies_queue.announce_after_commit(message)
        tell_end(session)
    elif message.status == "processing":
        message.stop_requested = True
    return message


def retry_reply(session_id: str, message_id: str) -> Message:
    """Queue a failed or stopped reply again, in place. One that is in progress is left alone.

    Raises ConflictError (it is there, or the conversation went on: a later reply heard this message too, and its estimate stands),
    LimitError, NotFoundError.
    """
    session = lock_session(session_id)
    message = _reply(session_id, message_id)
    if message.status in ("failed", "cancelled"):
        if _answered_since(message):
            raise ConflictError("La réponse suivante tient déjà compte de ce message.", code="answered_since")
        _refuse_excess(session, retrying=True)
        if refusal := budget_refusal():
            raise over_quota(scene_of_session(session), refusal)
    if message.status == "completed":
        raise ConflictError("Cette réponse est déjà là.", code="already_completed")
    if message.status in ("failed", "cancelled"):
        replies_queue.requeue(message)
    return message


def _answered_since(reply: Message) -> bool:
    later = select(Message.id).where(
        Message.session_id == reply.session_id,
        Message.sender == "agent",
        Message.status == "completed",
        Message.position > reply.position,
    )
    return db.session.scalar(later.limit(1)) is not None


def rate_reply(session_id: str, message_id: str, rating: int) -> Message:
    """1, -1, or 0 to take it back."""
    message = _reply(session_id, message_id)
    message.rating = rating or None
    return message


def _reply(session_id: str, message_id: str) -> Message:
    message = db.session.scalar(
        select(Message).where(Message.id == message_id, Message.session_id == session_id, Message.sender == "agent").with_for_update()
    )
    if message is None:
        raise NotFoundError()
    return message


def complete_session(session: Session, reason: str) -> None:
    """The conversation is over, once: `visitor`, `accepted` or `idle`. A later message reopens it (PRODUCT.md, Sessions)."""
    if session.status == "completed":
        return
    session.status, session.completed_reason = "completed", reason
    tell_end(session)


def tell_end(session: Session) -> None:
    """Tell once that the conversation is over. A reply that is still being written may bring the estimate: who ends it tells, by this verb."""
    if session.status != "completed" or session.completed_at is not None or is_answering(session.id):
        return
    session.completed_at = clock.now()
    facts.tell("session.completed", session, {"reason": session.completed_reason, **facts.project_data(session)})
    _tell_artisan_of_end(session)


def _tell_artisan_of_end(session: Session) -> None:
    if session.artisan_id is None:
        return
    who, what = session.visitor_name or "Votre client", session.title or "Une demande"
    accepted = session.completed_reason == "accepted"
    notify(
        session.artisan_id,
        kind="session_completed",
        title=f"{what} : l’estimation convient" if accepted else f"{what} : la conversation est terminée",
        body=f"{who} a accepté l’estimation. Tout est dans votre espace." if accepted else f"{who} a terminé. Tout est dans votre espace.",
        url=session.artisan_path,
    )


def finish(session_id: str) -> Session:
    """« J’ai terminé »."""
    session = lock_session(session_id)
    if session.started_at is None:
        raise ConflictError("La conversation n’a pas commencé.", code="not_started")
    complete_session(session, "visitor")
    return session


def accept(session_id: str, pre_quote_id: str) -> Session:
    """« Cela me convient » : accepts the last pre-quote and completes the session."""
    session = lock_session(session_id)
    is_new = accept_pre_quote(session_id, pre_quote_id)
    if is_new and session.status == "completed":
        session.completed_reason = "accepted"
        facts.tell("project.updated", session, facts.project_data(session))
        if session.completed_at is not None:
            _tell_artisan_of_end(session)
    complete_session(session, "accepted")
    return session


def ask_for_artisan(session_id: str) -> str | None:
    """« Parler à l’artisan » : tells him once an hour at most; returns his phone, E.164, or None."""
    session = lock_session(session_id)
    now = clock.now()
    if session.artisan_id and (session.contact_asked_at is None or session.contact_asked_at < now - timedelta(hours=1)):
        session.contact_asked_at = now
        notify(
            session.artisan_id,
            kind="contact_asked",
            title=f"{session.visitor_name or 'Un client'} souhaite vous parler",
            body=f"{session.title or 'Conversation en cours'} : rappelez dès que possible.",
            url=session.artisan_path,
        )
    return scene_of_session(session).artisan_phone


def leave_email(session_id: str, email: str) -> str:
    """Keep the visitor's e-mail address in his conversation; returns it normalised. No account is made (PRODUCT.md)."""
    session = lock_session(session_id)
    try:
        address = normalise_email(email)
    except ValueError as error:
        raise InvalidError("Cette adresse n’est pas valable.", {"email": [str(error)]}) from None
    throttle(f"transcript:{session_id}", times=5, seconds=3600)
    throttle(f"transcript-to:{address}", times=5, seconds=3600)
    if session.visitor_email != address:
        session.visitor_email, session.visitor_email_confirmed_at = address, None
    return address


def delete_conversation(session_id: str) -> None:
    """Delete what the visitor said and sent, at once. The bare session stays, without content, for counting."""
    session = lock_session(session_id)
    forget_files(session_id)
    forget_project(session_id)
    forget_events(session_id)
    with acting_as(platform("retention")):
        forget_told(session_id, session.artisan_id, session.artisan_path)
        forget_tokens(session_id)
    db.session.execute(
        update(Message).where(Message.session_id == session_id).values(content="", details={}, status="cancelled", completed_at=clock.now())
    )
    db.session.execute(delete(SessionToken).where(SessionToken.session_id == session_id))
    session.status, session.title, session.total_ttc = "deleted", "", None
    session.visitor_name = session.visitor_email = session.visitor_phone = session.host_user_id = None
    session.context, session.untrusted_context = {}, {}
