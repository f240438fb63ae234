"""Scoped reads of deployments."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Select, or_, select

from app.agents.models import Agent
from app.core.errors import NotFoundError
from app.deployments.domain_names import readable
from app.deployments.models import AllowedDomain, Deployment
from app.extensions import db
from app.identity.admin_queries import DISPLAY_NAME
from app.identity.models import User


def deployments_of(editor_id: str | None, *, q: str = "", active: bool | None = None) -> list[dict[str, Any]]:
    """Deployments of an editor (None: the platform's own) with their agent's name and their domains, by name.

    `q` is part of the name, of the agent's name or of the key.
    """
    statement = (
        select(Deployment, Agent.name.label("agent_name"))
        .join(Agent, Agent.id == Deployment.agent_id)
        .where(Deployment.editor_id.is_not_distinct_from(editor_id))
        .order_by(Deployment.name, Deployment.id)
    )
    if q:
        statement = statement.where(or_(*(column.icontains(q, autoescape=True) for column in (Deployment.name, Agent.name, Deployment.id))))
    if active is not None:
        statement = statement.where(Deployment.is_active == active)
    rows = db.session.execute(statement).all()
    domains = domain_texts([row.Deployment.id for row in rows])
    return [
        {
            "id": d.id,
            "name": d.name,
            "agent_name": agent_name,
            "mode": d.mode,
            "is_active": d.is_active,
            "domains": domains[d.id],
            "created_at": d.created_at,
        }
        for d, agent_name in rows
    ]


def deployment_rows(*, editor_id: str = "", q: str = "", active: bool | None = None) -> Select[Any]:
    """Deployments that the actor sees, to be paged by `name` or `created_at`: `Deployment`, `agent_name`, `editor_name` (none: the platform's).

    `editor_id` « aucun »: the platform's own. `q` is part of the name, of the agent's, of the editor's or of the key.
    """
    statement = (
        select(
            Deployment,
            Deployment.id,
            Deployment.name,
            Deployment.created_at,
            Agent.name.label("agent_name"),
            DISPLAY_NAME.label("editor_name"),
        )
        .join(Agent, Agent.id == Deployment.agent_id)
        .outerjoin(User, User.id == Deployment.editor_id)
    )
    if editor_id:
        statement = statement.where(Deployment.editor_id.is_(None) if editor_id == "aucun" else Deployment.editor_id == editor_id)
    if q:
        looked_at = (Deployment.name, Agent.name, DISPLAY_NAME, Deployment.id)
        statement = statement.where(or_(*(column.icontains(q, autoescape=True) for column in looked_at)))
    return statement if active is None else statement.where(Deployment.is_active == active)


def domain_texts(deployment_ids: list[str]) -> dict[str, list[str]]:
    """The domains of several deployments as people write them, by deployment."""
    found: dict[str, list[str]] = defaultdict(list)
    for domain in _domains(deployment_ids):
        found[domain.deployment_id].append(domain_text(domain))
    return found


def domains_of(deployment_id: str) -> list[AllowedDomain]:
    """The domains that a deployment allows, by host."""
    return _domains([deployment_id])


def domain_text(domain: AllowedDomain) -> str:
    """A domain as people write it: `*.exemple.fr`, `localhost:3000`."""
    return ("*." if domain.is_wildcard else "") + domain.host + (f":{domain.port}" if domain.port else "")


def domain_words(domain: AllowedDomain) -> str:
    """The same in its own letters, for a sentence: `é.fr`."""
    return domain_text(domain).replace(domain.host, readable(domain.host))


def _domains(deployment_ids: list[str]) -> list[AllowedDomain]:
    wanted = select(AllowedDomain).where(AllowedDomain.deployment_id.in_(deployment_ids))
    return list(db.session.scalars(wanted.order_by(AllowedDomain.host, AllowedDomain.port.nulls_first())))


def deployment_by_id(deployment_id: str, editor_id: str | None) -> Deployment:
    """A deployment of this editor (None: the platform's own). Raises NotFoundError."""
    found = db.session.scalar(
        select(Deployment).where(Deployment.id == deployment_id, Deployment.editor_id.is_not_distinct_from(editor_id))
    )
    if found is None:
        raise NotFoundError("Ce déploiement n’existe pas.", code="unknown_deployment")
    return found


def deployment_in_reach(deployment_id: str) -> Deployment:
    """A deployment that the acting person may see: an editor his own, the platform's staff every one. Raises NotFoundError."""
    found = db.session.get(Deployment, deployment_id)
    if found is None:
        raise NotFoundError("Ce déploiement n’existe pas.", code="unknown_deployment")
    return found
