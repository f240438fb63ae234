"""Which agents an editor may deploy, and to whom an agent is granted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select

from app.agents.models import PRIVATE, Agent, AgentGrant, AgentPrivate
from app.core.errors import NotFoundError
from app.extensions import db
from app.identity.models import User
from app.llm.reading import read

_WHOLE = select(Agent.__table__, *(AgentPrivate.__table__.c[name] for name in PRIVATE)).join_from(Agent, AgentPrivate)


def agent_by_id(agent_id: str) -> Agent:
    """An agent. Raises NotFoundError."""
    found = db.session.get(Agent, agent_id)
    if found is None:
        raise NotFoundError("Cet agent n’existe pas.", code="unknown_agent")
    return found


def agent_deployed(agent_id: str, editor_id: str | None) -> Any:
    """The agent of a deployment that the acting person has in reach, as a row with what the replies read of it, `PRIVATE` included.

    What an editor completes or replaces, his own deployment's pages show him; by his own rights he reads nobody's prompt.
    """
    return read(_WHOLE.where(Agent.id == agent_id), owner_id=editor_id)[0]


def deployable_agents(editor_id: str | None) -> Sequence[Agent]:
    """Agents in service that an editor may deploy: public, or granted to him. The platform (None) deploys any."""
    return db.session.scalars(select(Agent).where(*_deployable(editor_id)).order_by(Agent.name, Agent.id)).all()


def deployable_agent(agent_id: str, editor_id: str | None) -> Agent | None:
    """One of `deployable_agents`, or None."""
    return db.session.scalar(select(Agent).where(Agent.id == agent_id, *_deployable(editor_id)))


def _deployable(editor_id: str | None) -> list[ColumnElement[bool]]:
    if editor_id is None:
        return [Agent.is_active]
    granted = exists().where(AgentGrant.agent_id == Agent.id, AgentGrant.editor_id == editor_id, AgentGrant.enabled)
    return [Agent.is_active, Agent.is_whitelabel_enabled, Agent.deployment_mode != "internal", or_(Agent.is_public, granted)]


def grant_of(agent_id: str, editor_id: str) -> AgentGrant | None:
    """What an editor was granted on an agent, while it is in force."""
    found = db.session.get(AgentGrant, (agent_id, editor_id))
    return found if found is not None and found.enabled else None


def granted_prompt(agent_id: str, editor_id: str | None) -> str:
    """The prompt that an editor's deployments begin with in place of the agent's; empty: the agent's."""
    grant = grant_of(agent_id, editor_id) if editor_id else None
    return grant.prompt_override if grant else ""


def grants_of(agent_id: str) -> Sequence[Any]:
    """Each grant of an agent as `AgentGrant`, with its editor as `User`, the latest first."""
    joined = select(AgentGrant, User).join(User, User.id == AgentGrant.editor_id).where(AgentGrant.agent_id == agent_id)
    return db.session.execute(joined.order_by(AgentGrant.created_at.desc(), AgentGrant.editor_id)).all()


def grants_of_editor(editor_id: str) -> Sequence[Any]:
    """Each grant of an editor as `AgentGrant`, with its agent as `Agent`, by name."""
    joined = select(AgentGrant, Agent).join(Agent, Agent.id == AgentGrant.agent_id).where(AgentGrant.editor_id == editor_id)
    return db.session.execute(joined.order_by(Agent.name, Agent.id)).all()
