"""Deployments of an editor, and their domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.agents.models import Agent
from app.blueprints.api.deployment_schemas import DeployableAgentOut, DeploymentOut, DeploymentRow, NewDeploymentIn
from app.blueprints.api.deployments import add_deployment_routes, deployable, deployed, listed
from app.blueprints.api.domains import add_domain_routes
from app.blueprints.api.editor.blueprint import bp
from app.web.access import requires, signed_in


@bp.get("/agents")
@requires("deployments.manage")
@bp.response(200, DeployableAgentOut(many=True))
def agents() -> Sequence[Agent]:
    """The agents that may be deployed: public, or granted to this editor."""
    return deployable(signed_in().account_id or "")


@bp.get("/deployments")
@requires("deployments.manage")
@bp.response(200, DeploymentRow(many=True))
def deployments() -> list[dict[str, Any]]:
    """All deployments, by name."""
    return listed(signed_in().account_id or "")


@bp.post("/deployments")
@requires("deployments.manage")
@bp.arguments(NewDeploymentIn)
@bp.response(201, DeploymentOut)
@bp.refuses(409)
def deploy(body: dict[str, Any]) -> dict[str, Any]:
    """Deploy an agent; no site shows it before a domain is allowed."""
    return deployed(signed_in().account_id or "", body)


add_deployment_routes(bp)
add_domain_routes(bp)
