"""Scoped reads of deployments."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import select

from app.agents.models import Agent
from app.core.errors import NotFoundError
from app.deployments.models import AllowedDomain, Deployment
from app.extensions import db


def deployments_of(editor_id: str | None) -> list[dict[str, Any]]:
    """Deployments of an editor (None: the platform's own) with their agent's name and their domains, by name."""
    rows = db.session.execute(
        select(Deployment, Agent.name.label("agent_name"))
        .join(Agent, Agent.id == Deployment.agent_id)
        .where(Deployment.editor_id.is_not_distinct_from(editor_id))
        .order_by(Deployment.name, Deployment.id)
    ).all()
    domains: dict[str, list[str]] = defaultdict(list)
    for domain in db.session.scalars(
        select(AllowedDomain).where(AllowedDomain.deployment_id.in_([row.Deployment.id for row in rows])).order_by(AllowedDomain.host)
    ):
        port = f":{domain.port}" if domain.port else ""
        domains[domain.deployment_id].append(("*." if domain.is_wildcard else "") + domain.host + port)
    return [
        {
            "id": d.id,
            "name": d.name,
            "agent_name": agent_name,
            "mode": d.mode,
            "is_active": d.is_active,
            "domains": domains[d.id],
            "created_at": d.created_at,
            "last_activity_at": d.last_activity_at,
        }
        for d, agent_name in rows
    ]


def deployment_by_id(deployment_id: str, editor_id: str | None) -> Deployment:
    """A deployment of this editor (None: the platform's own). Raises NotFoundError."""
    found = db.session.scalar(
        select(Deployment).where(Deployment.id == deployment_id, Deployment.editor_id.is_not_distinct_from(editor_id))
    )
    if found is None:
        raise NotFoundError("Ce déploiement n’existe pas.", code="unknown_deployment")
    return found
