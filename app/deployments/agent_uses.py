"""Deployments of an agent that are in service: it is not put away under them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from app.agents.uses import Use, tells_uses
from app.deployments.models import Deployment
from app.extensions import db
from app.identity.admin_queries import DISPLAY_NAME
from app.identity.models import User


@tells_uses
def deployments_in_service(agent_id: str) -> list[Use]:
    """Each with the editor who made it."""
    rows = db.session.execute(
        select(Deployment.id, Deployment.name, Deployment.editor_id, DISPLAY_NAME)
        .outerjoin(User, User.id == Deployment.editor_id)
        .where(Deployment.agent_id == agent_id, Deployment.is_active)
        .order_by(DISPLAY_NAME.nulls_first(), Deployment.name, Deployment.id)
    )
    return [Use("deployment", row.name, owner=row.display_name or "", id=row.id, editor_id=row.editor_id) for row in rows]


def deployments_by_agent(agent_ids: Sequence[str]) -> dict[str, int]:
    """How many deployments each of these agents has, in service or not."""
    rows = db.session.execute(
        select(Deployment.agent_id, func.count()).where(Deployment.agent_id.in_(agent_ids)).group_by(Deployment.agent_id)
    )
    return {agent_id: count for agent_id, count in rows}
