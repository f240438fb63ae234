"""Which of an editor's agents his own provider may answer for, as his control centre says it."""

from __future__ import annotations

from sqlalchemy import and_, or_, select

from app.agents.models import Agent, AgentGrant
from app.deployments.models import Deployment
from app.extensions import db


def agents_with_own_keys(editor_id: str) -> list[str]:
    """The names of the agents he deploys that his own keys may serve: by his grant, or by the agent's rules."""
    granted = and_(AgentGrant.agent_id == Agent.id, AgentGrant.editor_id == editor_id)
    allowed = or_(and_(AgentGrant.enabled, AgentGrant.allow_own_keys), Agent.whitelabel_config["allow_own_keys"].as_boolean().is_(True))
    names = (
        select(Agent.name)
        .join(Deployment, Deployment.agent_id == Agent.id)
        .outerjoin(AgentGrant, granted)
        .where(Deployment.editor_id == editor_id, Deployment.is_active, allowed)
    )
    return list(db.session.scalars(names.distinct().order_by(Agent.name)))
