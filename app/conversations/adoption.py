"""Conversations find their people: the particulier who clicked his magic link, the artisan who accepted an editor's proposal.

Rows carry the ids that decide (PRODUCT.md, Who may do and see what), so every row of the conversation is given the new one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select, update

from app.audit.service import record
from app.billing.models import UsageLog
from app.consents.models import NoticeShown
from app.conversations.models import Message, Session, SessionLink, SessionToken
from app.core import clock
from app.core.acting import platform, system
from app.core.errors import GoneError, NotFoundError
from app.core.transaction import acting_as
from app.extensions import db
from app.files.models import File
from app.identity.models import EditorLink
from app.quoting.models import PreQuote, Project
from app.webhooks.models import Event

ROWS: tuple[Any, ...] = (SessionToken, Message, File, NoticeShown, Project, PreQuote, Event, UsageLog)
"""What carries a `session_id` and the ids of its people, the session and its link apart; a test holds this list complete."""
CHARGED: tuple[Any, ...] = (UsageLog,)
"""What stays the artisan's for whom it was made, or nobody's: the counters of each day are its sums."""


def adopt_by_particulier(session_id: str, user_id: str, email: str) -> None:
    """Give a conversation to the account of the address that was left in it, which is now confirmed.

    The last address left counts: an earlier one, mistyped perhaps, opens nothing any more. Works as the platform's job
    `magic-link`, since a conversation of the platform's own deployment has no tenant. Raises NotFoundError, GoneError.
    """
    with acting_as(platform("magic-link")):
        session = db.session.scalar(select(Session).where(Session.id == session_id, Session.status != "deleted").with_for_update())
        if session is None:
            raise NotFoundError("Cette conversation a été supprimée.")
        if session.visitor_email != email:
            raise GoneError("Une autre adresse a été laissée depuis dans cette conversation.", code="token_used")
        session.visitor_email_confirmed_at = session.visitor_email_confirmed_at or clock.now()
        session.particulier_id = user_id
        db.session.flush()
        _give_rows([session_id], particulier_id=user_id)
        record("conversation.adopted", session_id, particulier_id=user_id)


def adopt_by_artisan(editor_link_id: str) -> int:
    """Give the artisan the conversations made through his link while it was pending; how many they were. Repeating it is harmless.

    The link must be active. Works as a job of the editor, its tenant. Raises NotFoundError.
    """
    tie = db.session.scalar(select(EditorLink).where(EditorLink.id == editor_link_id, EditorLink.status == "active"))
    if tie is None or tie.artisan_id is None:
        raise NotFoundError()
    artisan_id = tie.artisan_id
    with acting_as(system("adoption", editor_id=tie.editor_id, artisan_id=artisan_id)):
        # Links first, then sessions: a conversation that opens or speaks meanwhile waits for its row, and then reads the new id.
        _fill(SessionLink, SessionLink.editor_link_id == editor_link_id, artisan_id)
        adopted = _fill(Session, Session.editor_link_id == editor_link_id, artisan_id)
        made = select(Session.id).where(Session.editor_link_id == editor_link_id, Session.artisan_id == artisan_id)
        _give_rows(made, CHARGED, artisan_id=artisan_id)
    return adopted


def _fill(table: Any, condition: Any, artisan_id: str) -> int:
    return int(db.session.execute(update(table).where(condition, table.artisan_id.is_(None)).values(artisan_id=artisan_id)).rowcount)


def _give_rows(sessions: list[str] | Select[tuple[str]], kept: tuple[Any, ...] = (), **ids: str) -> None:
    for table in ROWS:
        if table not in kept:
            db.session.execute(update(table).where(table.session_id.in_(sessions)).values(**ids))
