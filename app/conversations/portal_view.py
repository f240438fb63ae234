"""A conversation as the portals show it: the dictionaries of `ui.conversation` and `ui.quote_card` (docs/design.md).

For any actor: every read goes through row-level security, so an administrator, an editor, an artisan, a conseiller and a
particulier call the same functions, each for the conversations that are his; another's raises NotFoundError.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.conversations.models import Message, Session
from app.conversations.queries import UNFINISHED, files_by_message, messages_of, session_by_id
from app.core.storage import PAGE_SECONDS
from app.files.models import File
from app.files.service import signed_url
from app.quoting.models import PreQuote, Project
from app.quoting.queries import pre_quotes_of, project_of

ASSISTANT = "Assistant"
VISITOR = "Visiteur"
COMPLETED = {
    "visitor": "Conversation terminée par le client",
    "idle": "Conversation terminée, sans nouvelle du client",
}
ENDED_REPLIES = {"failed": "La réponse de l’assistant n’a pas abouti", "cancelled": "Réponse interrompue par le client"}


@dataclass(frozen=True, slots=True)
class SessionDetail:
    """What a conversation's page needs, read in five queries whatever the length."""

    session: Session
    title: str
    visitor: str
    messages: list[dict[str, Any]]
    quote: dict[str, Any] | None
    """The last version of the estimate, for `ui.quote_card`."""
    versions: list[PreQuote]
    """Every version of the estimate, newest first."""
    project: Project | None


def session_detail(session_id: str, *, for_visitor: bool = False, timed: bool = False) -> SessionDetail:
    """A conversation with its messages, its estimate and its project.

    `for_visitor`: the reader is the customer, whose own messages then stand on the right. `timed`: with the time each answer took,
    for who runs the assistant. Raises NotFoundError.
    """
    session = session_by_id(session_id)
    versions = pre_quotes_of(session_id)
    return SessionDetail(
        session=session,
        title=conversation_title(session),
        visitor=session.visitor_name or VISITOR,
        messages=_written(session, versions, for_visitor, timed),
        quote=quote_card(versions[0]) if versions else None,
        versions=versions,
        project=project_of(session_id),
    )


def portal_messages(session_id: str, *, for_visitor: bool = False, timed: bool = False) -> list[dict[str, Any]]:
    """The messages for `ui.conversation`, oldest first, with acceptance and end as separators. Raises NotFoundError."""
    return _written(session_by_id(session_id), pre_quotes_of(session_id), for_visitor, timed)


def conversation_title(session: Session) -> str:
    """« Salle de bain, 8 m² — M. Martin », as far as title and name are known."""
    parts = [part for part in (session.title, session.visitor_name) if part]
    return " — ".join(parts) or "Conversation sans titre"


def quote_card(pre_quote: PreQuote) -> dict[str, Any]:
    """An estimate for `ui.quote_card`; stored numbers become Decimals again."""
    accepted = pre_quote.accepted_at is not None
    return {
        "id": pre_quote.id,
        "title": pre_quote.title or "Estimation",
        "version": pre_quote.version,
        "status": {"kind": "ok", "label": "Acceptée", "icon": "check"}
        if accepted
        else {"kind": "info", "label": "Proposée", "icon": "file-plus"},
        "lines": [
            {
                "label": line["label"],
                "quantity": Decimal(line["quantity"]),
                "unit": line["unit"],
                "unit_price": Decimal(line["unit_price"]),
                "total_ht": Decimal(line["total_ht"]),
                "assumption": line["assumption"],
            }
            for line in pre_quote.lines
        ],
        "total_ht": pre_quote.total_ht,
        "vat": [{name: Decimal(one[name]) for name in ("rate", "base", "amount")} for one in pre_quote.vat],
        "total_ttc": pre_quote.total_ttc,
    }


def _written(session: Session, versions: list[PreQuote], for_visitor: bool, timed: bool) -> list[dict[str, Any]]:
    files = files_by_message(session.id)
    written = [_message(session, message, files.get(message.id, ()), for_visitor, timed) for message in messages_of(session.id)]
    accepted = "Vous avez accepté" if for_visitor else f"{session.visitor_name or 'Le client'} a accepté"
    for version in versions:
        if version.accepted_at:
            written.append({"event": f"{accepted} l’estimation", "at": version.accepted_at})
    if session.completed_at and session.completed_reason in COMPLETED:
        written.append({"event": COMPLETED[session.completed_reason], "at": session.completed_at})
    # Python's sort is stable: what happened at the same moment keeps the order of the messages.
    return sorted(written, key=lambda one: one["at"])


def _message(session: Session, message: Message, files: Iterable[File], for_visitor: bool, timed: bool) -> dict[str, Any]:
    if message.sender == "system" or (message.status in ENDED_REPLIES and not message.content):
        return {"id": message.id, "event": message.content or ENDED_REPLIES[message.status], "at": message.created_at}
    from_visitor = message.sender == "visitor"
    shown = [file for file in files if file.status == "ready"]
    return {
        "id": message.id,
        "side": "ours" if from_visitor == for_visitor else "theirs",
        "sender": "Vous" if from_visitor and for_visitor else _sender(session, message),
        "from": message.sender,
        "at": message.created_at,
        "text": message.content,
        "rich": message.sender == "agent" and bool(message.content),
        "photos": [
            {"url": signed_url(f.full_key, PAGE_SECONDS), "thumb": signed_url(f.thumb_key, PAGE_SECONDS), "alt": f.name}
            for f in shown
            if f.thumb_key
        ],
        "documents": [
            {"name": f.name, "url": signed_url(f.full_key, PAGE_SECONDS), "size": f.size_bytes} for f in shown if not f.thumb_key
        ],
        "latency_ms": message.details.get("generation_time_ms") if timed else None,
        "status": "typing" if message.status in UNFINISHED else None,
        "rating": message.rating,
    }


def _sender(session: Session, message: Message) -> str:
    if message.sender == "visitor":
        return session.visitor_name or VISITOR
    return session.artisan_name or "L’artisan" if message.sender == "artisan" else ASSISTANT
