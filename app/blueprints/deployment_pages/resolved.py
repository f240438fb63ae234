"""« Configuration résolue » of one deployment, in both portals (003 §8.1)."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.agents.queries import agent_deployed, grant_of
from app.answering.explained import explain_config
from app.answering.own_keys import own_model
from app.billing.plans import limits_of
from app.blueprints.deployment_pages.words import LEVEL_PILLS
from app.core.acting import STAFF_ROLES
from app.deployments.queries import deployment_in_reach
from app.llm.resolving import named, platform_default
from app.web.access import requires, signed_in
from app.web.responding import respond


def add_resolved_pages(bp: Blueprint) -> None:
    """Add `/deploiements/<id>/configuration` to a portal."""

    @bp.get("/deploiements/<deployment_id>/configuration")
    @requires("deployments.manage")
    def deployment_resolved(deployment_id: str) -> ResponseReturnValue:
        """Field by field, the value that the next reply uses and the level it comes from."""
        found = deployment_in_reach(deployment_id)
        agent = agent_deployed(found.agent_id, found.editor_id)
        grant = grant_of(agent.id, found.editor_id) if found.editor_id else None
        explained = explain_config(
            agent,
            found,
            platform=platform_default(),
            own=own_model(agent, granted=bool(grant and grant.allow_own_keys), editor_id=found.editor_id),
            named=named,
            granted_prompt=grant.prompt_override if grant else "",
            limits=limits_of(found.editor_id) if found.editor_id else None,
            shows_servers=signed_in().role in STAFF_ROLES,
        )
        return respond("deployments/resolved.html", deployment=found, agent=agent, groups=explained.groups, levels=LEVEL_PILLS)
