"""Deployments: shown, made and changed by the same verbs for their editor and for administrators (003 §6.2, §6.3, §12.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.agents.models import Agent
from app.agents.queries import agent_deployed, deployable_agents, granted_prompt
from app.blueprints.api.deployment_schemas import CHANGE, LIMITS, DeploymentIn, DeploymentOut
from app.conversations.lists import last_activity
from app.deployments.brand_levels import change_deployment_branding
from app.deployments.limits import change_limits
from app.deployments.models import Deployment
from app.deployments.overlay import field_states
from app.deployments.queries import deployment_in_reach, deployments_of, domains_of
from app.deployments.service import change_deployment, change_overlay, create_deployment, set_active
from app.extensions import db
from app.web.access import requires
from app.web.api import ApiBlueprint, set_meta

OWN = tuple(
    name for name in DeploymentOut().fields if name not in ("deployment_key", "agent", "config", "settings", "domains", "last_activity_at")
)


def shown(deployment: Deployment) -> dict[str, Any]:
    """A deployment as `DeploymentOut` writes it."""
    agent = agent_deployed(deployment.agent_id, deployment.editor_id)
    return {name: getattr(deployment, name) for name in ("id", "config_overlay", *OWN)} | {
        "agent": agent,
        "settings": field_states(agent, deployment, granted_prompt=granted_prompt(agent.id, deployment.editor_id)),
        "domains": domains_of(deployment.id),
        "last_activity_at": last_activity([deployment.id], deployment.editor_id).get(deployment.id),
    }


def listed(editor_id: str) -> list[dict[str, Any]]:
    """An editor's deployments, by name."""
    found = deployments_of(editor_id)
    set_meta(next_cursor=None, total=len(found))
    return found


def deployable(editor_id: str) -> Sequence[Agent]:
    """The agents that an editor may deploy, by name."""
    found = deployable_agents(editor_id)
    set_meta(next_cursor=None, total=len(found))
    return found


def deployed(editor_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """A new deployment at an editor. Raises InvalidError by field, ConflictError when the plan gives no more."""
    return shown(create_deployment(editor_id, body["agent_id"], body["name"], body["mode"]))


def add_deployment_routes(bp: ApiBlueprint) -> None:
    """`/deployments/{id}` on this blueprint."""

    @bp.get("/deployments/<deployment_id>")
    @requires("deployments.manage")
    @bp.response(200, DeploymentOut)
    def deployment(deployment_id: str) -> dict[str, Any]:
        """A deployment with its settings, look, domains and limits."""
        return shown(deployment_in_reach(deployment_id))

    @bp.put("/deployments/<deployment_id>")
    @requires("deployments.manage")
    @bp.arguments(DeploymentIn, example=CHANGE)
    @bp.response(200, DeploymentOut)
    @bp.refuses(409)
    def change_deployment_of(body: dict[str, Any], deployment_id: str) -> dict[str, Any]:
        """Change a deployment: its settings, as far as its agent allows, its look and its limits, in force at once."""
        found = deployment_in_reach(deployment_id)
        change_deployment(found, {name: body[name] for name in ("name", "mode") if name in body})
        if "config" in body:
            change_overlay(found, body["config"], body["note"])
        if "branding" in body:
            _change_look(found, body["branding"])
        change_limits(found, {name: body[name] for name in LIMITS if name in body})
        if "is_active" in body:
            set_active(found, body["is_active"])
        return shown(found)


def _change_look(deployment: Deployment, values: dict[str, Any]) -> None:
    rules = db.session.get_one(Agent, deployment.agent_id).whitelabel_config
    change_deployment_branding(deployment, values, required_branding=bool(rules.get("required_branding")))
