"""Lists of conversations and of links for the portals. The caller pages them: `listed(*sessions_list(…), default="-activite")` (app.web.listing)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, or_, select

from app.conversations.models import Session, SessionLink
from app.core import clock
from app.core.acting import Actor
from app.core.text import fold
from app.deployments.models import Deployment
from app.extensions import db
from app.identity.models import EditorLink

SESSION_STATUSES = ("open", "completed", "expired")
CLOSED_LINK_STATES = ("expired", "revoked", "deleted")
"""States of a link that opens nothing any more."""
LINK_STATES = ("sent", "opened", "talking", *CLOSED_LINK_STATES)
ACCOUNT_COLUMNS = {"editeur": ("editor_id",), "artisan": ("artisan_id",), "particulier": ("particulier_id",)}
"""What ties a row to the acting account; a conseiller works for an editor or for an artisan."""
_ACCENTS, _PLAIN = "àâäáãçéèêëîïíôöóõùûüúÿñ’", "aaaaaceeeeiiioooouuuuyn'"

AMOUNT = func.coalesce(Session.total_ttc, 0).label("amount")


class Listing(NamedTuple):
    """A statement, the columns that may order it by their name in the URL, and the one that breaks ties."""

    statement: Select[Any]
    sorts: dict[str, Any]
    unique: Any


def sessions_list(
    actor: Actor,
    *,
    q: str = "",
    status: str = "",
    deployment_id: str = "",
    editor_link_id: str = "",
    estimated: bool | None = None,
) -> Listing:
    """Conversations of the acting account (an editor's, an artisan's, a particulier's, or the one its conseiller works for) with a message.

    `q` searches title, customer, artisan and identifier, whatever the accents. `estimated`: with, or without, an estimate.
    Sorts: `activite`, and `montant`, no estimate counting as zero.
    """
    statement = (
        select(
            Session.id,
            Session.title,
            Session.status,
            Session.artisan_name,
            Session.editor_name,
            Session.visitor_name,
            Session.visitor_email,
            Session.messages_count,
            Session.files_count,
            Session.total_ttc,
            Session.contact_asked_at,
            Session.started_at,
            Session.last_activity_at,
            Session.link_id,
            AMOUNT,
        )
        .where(of_account(Session, actor), Session.status != "deleted", Session.started_at.is_not(None))
        .where(*_matches(q, Session.id, Session.title, Session.visitor_name, Session.visitor_email, Session.artisan_name))
    )
    if status in SESSION_STATUSES:
        statement = statement.where(Session.status == status)
    if deployment_id:
        statement = statement.where(Session.deployment_id == deployment_id)
    if editor_link_id:
        statement = statement.where(Session.editor_link_id == editor_link_id)
    if estimated is not None:
        statement = statement.where(Session.total_ttc.is_not(None) if estimated else Session.total_ttc.is_(None))
    return Listing(statement, {"activite": Session.last_activity_at, "montant": AMOUNT}, Session.id)


def last_activity(deployment_ids: Sequence[str], editor_id: str | None) -> dict[str, datetime]:
    """When somebody last wrote in each deployment of an editor (None: the platform's); one without a conversation is left out."""
    latest = (
        select(func.max(Session.last_activity_at))
        .where(
            Session.editor_id == editor_id,  # what lets an index serve
            Session.deployment_id == Deployment.id,
            Session.started_at.is_not(None),
            Session.status != "deleted",
        )
        .scalar_subquery()
    )
    rows = db.session.execute(select(Deployment.id, latest.label("at")).where(Deployment.id.in_(deployment_ids)))
    return {row.id: row.at for row in rows if row.at is not None}


def link_state() -> ColumnElement[str]:
    """Where a link stands: sent, opened (the page was used), talking (a message was written), expired, revoked,
    or deleted, with the conversation that the customer erased.

    The end of an artisan's tie to his editor closes what was made through it, also once he is tied again.
    """
    ended = or_(EditorLink.status.in_(("refused", "detached")), SessionLink.created_at < EditorLink.reopened_at)
    return case(
        (Session.status == "deleted", "deleted"),
        (or_(SessionLink.revoked_at.is_not(None), ended), "revoked"),
        (SessionLink.expires_at <= clock.now(), "expired"),
        (Session.started_at.is_not(None), "talking"),
        (SessionLink.opened_at.is_not(None), "opened"),
        else_="sent",
    ).label("state")


def links_list(actor: Actor, *, q: str = "", state: str = "", editor_link_id: str = "") -> Listing:
    """Links of the acting account with their state. Sorts: `creation`, `expiration`."""
    where = link_state()
    statement = (
        select(
            SessionLink.id,
            SessionLink.recipient_name,
            SessionLink.recipient_email,
            SessionLink.recipient_phone,
            SessionLink.session_id,
            SessionLink.created_at,
            SessionLink.expires_at,
            SessionLink.opened_at,
            SessionLink.last_seen_at,
            SessionLink.mailed_at,
            where,
            EditorLink.artisan_name,
            EditorLink.editor_name,
            EditorLink.external_id,
            Deployment.name.label("deployment_name"),
            Session.title,
        )
        .outerjoin(EditorLink, EditorLink.id == SessionLink.editor_link_id)
        .outerjoin(Deployment, Deployment.id == SessionLink.deployment_id)
        .outerjoin(Session, Session.id == SessionLink.session_id)
        .where(of_account(SessionLink, actor))
        .where(
            *_matches(
                q,
                SessionLink.id,
                SessionLink.recipient_name,
                SessionLink.recipient_email,
                SessionLink.recipient_phone,
                EditorLink.artisan_name,
                EditorLink.external_id,
            )
        )
    )
    if state in LINK_STATES:
        statement = statement.where(where.element == state)
    if editor_link_id:
        statement = statement.where(SessionLink.editor_link_id == editor_link_id)
    return Listing(statement, {"creation": SessionLink.created_at, "expiration": SessionLink.expires_at}, SessionLink.id)


def one_link(actor: Actor, link_id: str) -> Any | None:
    """One row of `links_list`, or None."""
    return db.session.execute(links_list(actor).statement.where(SessionLink.id == link_id)).one_or_none()


def closed_state(link: Any | None) -> str | None:
    """Why the customer can no longer write in the conversation of this row of `links_list`; None while he can, or came without a link."""
    return link.state if link is not None and link.state in CLOSED_LINK_STATES else None


def of_account(table: Any, actor: Actor) -> ColumnElement[bool]:
    """Rows of the acting account: what lets the index of its lists serve; the row policies decide besides."""
    columns = ACCOUNT_COLUMNS.get(actor.role or "", ("editor_id", "artisan_id"))
    return or_(*(getattr(table, column) == actor.account_id for column in columns))


def _matches(q: str, *columns: Any) -> list[ColumnElement[bool]]:
    """Every word of `q` stands in one of the columns, accents and case aside."""
    text = func.translate(func.lower(func.concat_ws(" ", *columns)), _ACCENTS, _PLAIN)
    return [text.contains(word, autoescape=True) for word in fold(q).split()[:6]]
