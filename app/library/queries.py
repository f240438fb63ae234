"""The library of whoever asks, and the assistants that may add to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, any_, exists, func, or_, select

from app.agents.models import Agent, AgentGrant
from app.core.acting import Actor
from app.core.errors import NotFoundError
from app.core.search import has_words
from app.extensions import db
from app.library.models import Content

MAX_TAGS_SHOWN = 30


def tenant_of(actor: Actor) -> tuple[str | None, str | None]:
    """The editor and the artisan whose library the acting person works in; neither for the platform's own."""
    role = actor.role
    return (actor.account_id if role == "editeur" else None, actor.account_id if role == "artisan" else None)


def contents_of(actor: Actor, *, query: str = "", agent_id: str = "", tag: str = "", state: str = "") -> Select[Any]:
    """The library, without the bodies. `state`: « corbeille » for what was put away."""
    statement = select(
        Content.id,
        Content.title,
        Content.agent_name,
        Content.category,
        Content.tags,
        Content.status,
        Content.session_id,
        func.left(Content.body, 200).label("beginning"),
        func.left(Content.brief, 200).label("brief"),
        Content.created_at,
    ).where(_of(actor), Content.deleted_at.is_not(None) if state == "corbeille" else Content.deleted_at.is_(None))
    if query:
        statement = statement.where(has_words(Content.search, query))
    if agent_id:
        statement = statement.where(Content.agent_id == agent_id)
    if tag:
        statement = statement.where(any_(Content.tags) == tag.lower())
    return statement


def content_in_reach(actor: Actor, content_id: str) -> Content:
    """One of the library. Raises NotFoundError."""
    found = db.session.scalar(select(Content).where(Content.id == content_id, _of(actor)))
    if found is None:
        raise NotFoundError("Ce contenu n’existe pas.", code="unknown_content")
    return found


def tags_of(actor: Actor) -> Sequence[str]:
    """The tags in use, the most frequent first."""
    tag = func.unnest(Content.tags).label("tag")
    used = select(tag).where(_of(actor), Content.deleted_at.is_(None)).subquery()
    counted = select(used.c.tag).group_by(used.c.tag).order_by(func.count().desc(), used.c.tag).limit(MAX_TAGS_SHOWN)
    return db.session.scalars(counted).all()


def assistants_for(actor: Actor) -> Sequence[Agent]:
    """Agents in service that write contents for this account: public ones, those granted to it, all of them for the platform."""
    editor_id, artisan_id = tenant_of(actor)
    statement = select(Agent).where(Agent.is_active, Agent.archived_at.is_(None), Agent.category != "chat")
    if editor_id or artisan_id:
        granted = exists().where(AgentGrant.agent_id == Agent.id, AgentGrant.editor_id == editor_id, AgentGrant.enabled)
        statement = statement.where(or_(Agent.is_public, granted) if editor_id else Agent.is_public)
    return db.session.scalars(statement.order_by(Agent.name, Agent.id)).all()


def _of(actor: Actor) -> ColumnElement[bool]:
    editor_id, artisan_id = tenant_of(actor)
    return and_(Content.editor_id.is_not_distinct_from(editor_id), Content.artisan_id.is_not_distinct_from(artisan_id))
