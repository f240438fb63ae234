"""The list of agents, searched, filtered and sorted (000)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from app.agents.counters import sums_by_agent
from app.agents.models import Agent
from app.core.search import folded, has_words

STATES: dict[str, ColumnElement[bool]] = {
    "": Agent.archived_at.is_(None),
    "active": Agent.is_active,
    "inactive": ~Agent.is_active & Agent.archived_at.is_(None),
    "public": Agent.is_public & Agent.archived_at.is_(None),
    "archived": Agent.archived_at.is_not(None),
}
_used = sums_by_agent()
USES = func.coalesce(_used.c.uses, 0).label("uses")
SORTS: dict[str, Any] = {"name": Agent.name, "uses": USES, "updated": Agent.updated_at, "created": Agent.created_at}
"""What the list is sorted by; `uses` is of the statement of `agents_list`."""


def agents_list(*, query: str = "", category: str = "", state: str = "") -> Select[Any]:
    """Agents as `Agent` with `uses`, `tokens`, `cost` and `last_at`, to be paged by one of SORTS. An unknown `state` is all but the archived."""
    statement = (
        select(Agent, Agent.id, Agent.name, Agent.created_at, Agent.updated_at, USES, _used.c.tokens, _used.c.cost, _used.c.last_at)
        .outerjoin(_used, _used.c.agent_id == Agent.id)
        .where(STATES.get(state, STATES[""]))
    )
    if query:
        statement = statement.where(has_words(folded(Agent.name, Agent.slug, Agent.description), query))
    return statement.where(Agent.category == category) if category else statement
