"""Scoped reads of conversations."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, bindparam, literal_column, select

from app.conversations.models import Message, Session
from app.conversations.presentation import message_payload
from app.core.errors import NotFoundError
from app.extensions import db
from app.files.models import File
from app.quoting.models import PreQuote

UNFINISHED = ("queued", "processing")


def unfinished(status: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a status is one of these. They stand in the statement itself, where a list of values would be written out anew at each use."""
    return status.in_([literal_column(f"'{name}'") for name in UNFINISHED])


def session_by_id(session_id: str) -> Session:
    """The session, through the actor's own rights. Raises NotFoundError."""
    session = db.session.get(Session, session_id)
    if session is None or session.status == "deleted":
        raise NotFoundError()
    return session


def message_of(session_id: str, message_id: str) -> Message:
    """A message of that very session. Raises NotFoundError."""
    message = db.session.scalar(select(Message).where(Message.id == message_id, Message.session_id == session_id))
    if message is None:
        raise NotFoundError()
    return message


def is_finished(session_id: str, message_id: str) -> bool:
    """Whether a reply of that very session has ended. Raises NotFoundError."""
    status = db.session.connection().scalar(_STATUS, {"message_id": message_id, "session_id": session_id})
    if status is None:
        raise NotFoundError()
    return status not in UNFINISHED


def is_answering(session_id: str) -> bool:
    """Whether a reply of this session is waiting or being written."""
    return db.session.scalar(select(Message.id).where(Message.session_id == session_id, unfinished(Message.status)).limit(1)) is not None


_STATUS = select(Message.__table__.c.status).where(
    Message.__table__.c.id == bindparam("message_id"), Message.__table__.c.session_id == bindparam("session_id")
)


def messages_of(session_id: str) -> list[Message]:
    """All messages of a session, oldest first."""
    return list(db.session.scalars(select(Message).where(Message.session_id == session_id).order_by(Message.position)))


def files_by_message(session_id: str) -> dict[str | None, list[File]]:
    """The files of a session by message; those under None were not sent yet."""
    found: dict[str | None, list[File]] = defaultdict(list)
    for file in db.session.scalars(select(File).where(File.session_id == session_id).order_by(File.created_at, File.id)):
        found[file.message_id].append(file)
    return found


def conversation(session_id: str) -> list[dict[str, Any]]:
    """The whole conversation as its reader sees it (three queries, whatever its length)."""
    files = files_by_message(session_id)
    quotes = {quote.message_id: quote for quote in db.session.scalars(select(PreQuote).where(PreQuote.session_id == session_id))}
    return [message_payload(m, files.get(m.id, ()), quotes.get(m.id)) for m in messages_of(session_id)]


def one_message(message: Message) -> dict[str, Any]:
    """One message as its reader sees it."""
    files = db.session.scalars(select(File).where(File.message_id == message.id).order_by(File.created_at, File.id))
    quote = db.session.scalar(select(PreQuote).where(PreQuote.message_id == message.id))
    return message_payload(message, files, quote)
