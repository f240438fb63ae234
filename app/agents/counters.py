"""How much agents and grants were used: sums of the folded days of the usage log, stored nowhere else (000)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Subquery, func, select

from app.agents.models import Agent
from app.billing.models import UsageDay
from app.extensions import db


@dataclass(frozen=True, slots=True)
class Used:
    """Calls of a model, tokens read and written, what they cost in EUR, the last one."""

    uses: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)
    last_at: datetime | None = None


UNUSED = Used()


def sums_by_agent() -> Subquery:
    """One row per agent that was ever used: `agent_id`, `uses`, `tokens`, `cost`, `last_at`."""
    return select(UsageDay.agent_id, *_sums()).where(UsageDay.agent_id != "").group_by(UsageDay.agent_id).subquery()


def used_by_editor(agent_id: str) -> dict[str, Used]:
    """What each editor's deployments used of an agent."""
    rows = db.session.execute(select(UsageDay.editor_id, *_sums()).where(UsageDay.agent_id == agent_id).group_by(UsageDay.editor_id))
    return {row.editor_id: Used(row.uses, row.tokens, row.cost, row.last_at) for row in rows}


def used(agent_id: str) -> Used:
    """What an agent was used for, everywhere."""
    row = db.session.execute(select(*_sums()).where(UsageDay.agent_id == agent_id)).one()
    return Used(row.uses or 0, row.tokens or 0, row.cost or Decimal(0), row.last_at)


@dataclass(frozen=True, slots=True)
class Counters:
    """The figures above the list of agents; what is archived is in none of them but the uses."""

    total: int
    active: int
    public: int
    uses: int


def counters() -> Counters:
    """All agents at once."""
    row = db.session.execute(
        select(
            func.count().label("total"),
            func.count().filter(Agent.is_active).label("active"),
            func.count().filter(Agent.is_public).label("public"),
        ).where(Agent.archived_at.is_(None))
    ).one()
    uses = db.session.scalar(select(func.sum(UsageDay.calls)).where(UsageDay.agent_id != ""))
    return Counters(row.total, row.active, row.public, int(uses or 0))


def _sums() -> tuple[Any, ...]:
    return (
        func.sum(UsageDay.calls).label("uses"),
        func.sum(UsageDay.prompt_tokens + UsageDay.completion_tokens).label("tokens"),
        func.sum(UsageDay.cost_eur).label("cost"),
        func.max(UsageDay.last_at).label("last_at"),
    )
