"""Where an agent is in use, told by the contexts above this one: each names a function that says what it knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from app.agents.models import AgentGrant
from app.core.locks import hold
from app.extensions import db
from app.identity.admin_queries import DISPLAY_NAME
from app.identity.models import User


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that keeps an agent from being put away. `owner` names the editor, empty for the platform; `id` is the thing's own."""

    kind: Literal["deployment", "sessions", "grant"]
    label: str
    owner: str = ""
    id: str = ""
    editor_id: str | None = None


Teller = Callable[[str], list[Use]]
_tellers: list[Teller] = []


def tells_uses(teller: Teller) -> Teller:
    """Ask this function, too, where an agent is in use."""
    _tellers.append(teller)
    return teller


def hold_uses(agent_id: str) -> None:
    """Until the end of the transaction nobody else puts this agent away, nor a deployment of it in service: its editor may not lock its row."""
    hold(f"agent-uses:{agent_id}")


def uses_of(agent_id: str) -> list[Use]:
    """Deployments in service, open conversations, grants in force."""
    return [use for teller in _tellers for use in teller(agent_id)]


@tells_uses
def grants_in_force(agent_id: str) -> list[Use]:
    """Editors who may deploy it."""
    rows = db.session.execute(
        select(AgentGrant.editor_id, DISPLAY_NAME)
        .join(User, User.id == AgentGrant.editor_id)
        .where(AgentGrant.agent_id == agent_id, AgentGrant.enabled)
        .order_by(DISPLAY_NAME, User.id)
    )
    return [Use("grant", "Autorisation", owner=row.display_name, id=row.editor_id, editor_id=row.editor_id) for row in rows]
