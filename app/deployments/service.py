"""Deployments: made from an agent that the editor may have, named, switched (003 §7.3, §12; PRODUCT.md, Limits)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.agents.models import Agent
from app.agents.queries import deployable_agent, grant_of
from app.agents.uses import hold_uses
from app.audit.service import record
from app.core.acting import current_actor
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.text import clean_line
from app.deployments.limits import check_room
from app.deployments.models import Deployment
from app.deployments.versions import change_overlay, first_version
from app.extensions import db
from app.identity.admin_queries import account_in_role

__all__ = ["change_deployment", "change_overlay", "create_deployment", "modes_of", "set_active"]

MAX_NAME = 80
NAME_TAKEN = "Un autre déploiement de cet assistant porte ce nom."
MODES = {"shared": "Partagé", "dedicated": "Dédié"}


def modes_of(agent: Agent) -> tuple[str, ...]:
    """What a deployment of this agent may be."""
    return ("shared", "dedicated") if agent.deployment_mode == "dedicated" else ("shared",)


def create_deployment(editor_id: str | None, agent_id: str, name: str, mode: str) -> Deployment:
    """Deploy an agent at an editor, or at the platform (None). Nothing shows it yet: it has no domain.

    Raises InvalidError by field (`editor_id`, `agent_id`, `name`, `mode`), ConflictError `plan_deployments_reached`.
    """
    if editor_id and editor_id != current_actor().account_id:
        _check_editor(editor_id)
    hold_uses(agent_id)
    agent = deployable_agent(agent_id, editor_id)
    name = clean_line(name)
    errors = _name_errors(name, agent_id, editor_id, None)
    if agent is None:
        errors["agent_id"] = ["Cet assistant ne peut pas être déployé ici."]
    elif mode not in modes_of(agent):
        errors["mode"] = [_mode_refused(mode)]
    if errors or agent is None:
        raise InvalidError("Le déploiement est à corriger.", errors)
    if editor_id:
        check_room(editor_id)
    grant = grant_of(agent.id, editor_id) if editor_id else None
    overlay = {"name": grant.name} if grant and grant.name else {}
    deployment = Deployment(agent_id=agent.id, editor_id=editor_id, name=name, mode=mode, config_overlay=overlay)
    with _name_still_free():
        db.session.add(deployment)
        db.session.flush()
    first_version(deployment)
    record("deployment.created", deployment.id, name=name, agent=agent.slug, mode=mode)
    return deployment


def change_deployment(deployment: Deployment, values: Mapping[str, Any]) -> None:
    """Change its `name` or its `mode`; what a shared one may not replace stays written, without effect. Raises InvalidError by field."""
    agent = db.session.get_one(Agent, deployment.agent_id)
    name, mode = clean_line(str(values.get("name", deployment.name))), values.get("mode", deployment.mode)
    errors = _name_errors(name, deployment.agent_id, deployment.editor_id, deployment.id)
    if mode != deployment.mode and mode not in modes_of(agent):
        errors["mode"] = [_mode_refused(mode)]
    if errors:
        raise InvalidError("Le déploiement est à corriger.", errors)
    if (name, mode) == (deployment.name, deployment.mode):
        return
    with _name_still_free():
        deployment.name, deployment.mode = name, mode
        db.session.flush()
    record("deployment.changed", deployment.id, name=name, mode=mode)


def set_active(deployment: Deployment, active: bool) -> None:
    """Put it in service, or out of it: its open conversations are told at once.

    Raises ConflictError `plan_deployments_reached`, or `agent_archived`.
    """
    if deployment.is_active == active:
        return
    if active:
        hold_uses(deployment.agent_id)
        if db.session.execute(select(Agent.archived_at).where(Agent.id == deployment.agent_id)).scalar_one() is not None:
            raise ConflictError("L’agent de ce déploiement est archivé.", code="agent_archived")
        if deployment.editor_id:
            check_room(deployment.editor_id)
    deployment.is_active = active
    record("deployment.switched", deployment.id, name=deployment.name, active=active)


def _check_editor(editor_id: str) -> None:
    try:
        account_in_role(editor_id, "editeur")
    except NotFoundError:
        raise InvalidError("Le déploiement est à corriger.", {"editor_id": ["Cet éditeur n’existe pas."]}) from None


@contextmanager
def _name_still_free() -> Iterator[None]:
    """Two people may choose the same name at the same moment: the second is told."""
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError:
        raise InvalidError("Le déploiement est à corriger.", {"name": [NAME_TAKEN]}) from None


def _name_errors(name: str, agent_id: str, editor_id: str | None, own_id: str | None) -> dict[str, list[str]]:
    if not name:
        return {"name": ["Donnez un nom à ce déploiement."]}
    if len(name) > MAX_NAME:
        return {"name": [f"{MAX_NAME} caractères au plus."]}
    same = select(Deployment.id).where(
        Deployment.agent_id == agent_id,
        Deployment.editor_id.is_not_distinct_from(editor_id),
        func.lower(Deployment.name) == name.lower(),
        Deployment.id != (own_id or ""),
    )
    return {"name": [NAME_TAKEN]} if db.session.scalar(same) else {}


def _mode_refused(mode: str) -> str:
    return "Cet assistant n’est proposé qu’en mode partagé." if mode in MODES else "Choisissez un mode de la liste."
