"""Deployments of the editors, and their domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.agents.models import Agent
from app.blueprints.api.admin.blueprint import bp
from app.blueprints.api.bodies import Deleted
from app.blueprints.api.deployment_schemas import DeployableAgentOut, DeploymentOut, DeploymentRow, NewDeploymentIn
from app.blueprints.api.deployments import add_deployment_routes, deployable, deployed, listed
from app.blueprints.api.domains import add_domain_routes
from app.deployments.queries import deployment_in_reach
from app.deployments.removing import remove_deployment
from app.identity.admin_queries import account_in_role
from app.web.access import requires


@bp.get("/editors/<editor_id>/agents")
@requires("deployments.manage")
@bp.response(200, DeployableAgentOut(many=True))
def agents(editor_id: str) -> Sequence[Agent]:
    """The agents that the editor may deploy: public, or granted to it."""
    return deployable(account_in_role(editor_id, "editeur").id)


@bp.get("/editors/<editor_id>/deployments")
@requires("deployments.manage")
@bp.response(200, DeploymentRow(many=True))
def deployments(editor_id: str) -> list[dict[str, Any]]:
    """All deployments of an editor, by name."""
    return listed(account_in_role(editor_id, "editeur").id)


@bp.post("/editors/<editor_id>/deployments")
@requires("deployments.manage")
@bp.arguments(NewDeploymentIn)
@bp.response(201, DeploymentOut)
@bp.refuses(409)
def deploy(body: dict[str, Any], editor_id: str) -> dict[str, Any]:
    """Deploy an agent at an editor; no site shows it before a domain is allowed."""
    return deployed(account_in_role(editor_id, "editeur").id, body)


@bp.delete("/deployments/<deployment_id>")
@requires("deployments.manage")
@bp.response(200, Deleted)
@bp.refuses(409)
def remove(deployment_id: str) -> dict[str, bool]:
    """Delete a deployment through which nothing was made; any other is put out of service instead (409)."""
    remove_deployment(deployment_in_reach(deployment_id))
    return {"deleted": True}


add_deployment_routes(bp)
add_domain_routes(bp)
