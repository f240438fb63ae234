"""Agents granted to editors, under another name or with another prompt (000, tenant_assistants)."""

from __future__ import annotations

from typing import Any

from app.agents.counters import UNUSED, used_by_editor
from app.agents.queries import agent_by_id, grants_of
from app.agents.service import grant_agent, withdraw_agent
from app.blueprints.api.admin import agent_schemas as schemas
from app.blueprints.api.admin.blueprint import bp
from app.blueprints.api.bodies import Deleted
from app.identity.admin_queries import account_in_role
from app.web.access import requires
from app.web.api import set_meta


@bp.get("/agents/<agent_id>/grants")
@requires("agents.manage")
@bp.response(200, schemas.GrantOut(many=True))
def grants(agent_id: str) -> list[dict[str, Any]]:
    """Every editor who was granted the agent, those withdrawn included, with what it used."""
    found = _listed(agent_by_id(agent_id).id)
    set_meta(next_cursor=None, total=len(found))
    return found


@bp.put("/agents/<agent_id>/grants/<grantee_id>")
@requires("agents.manage")
@bp.arguments(schemas.GrantIn, example=schemas.GRANT)
@bp.response(200, schemas.GrantOut)
@bp.refuses(409)
def grant(body: dict[str, Any], agent_id: str, grantee_id: str) -> dict[str, Any]:
    """Let an editor deploy the agent, or change what it was granted."""
    agent, editor = agent_by_id(agent_id), account_in_role(grantee_id, "editeur")
    grant_agent(
        agent,
        editor.id,
        body["name"],
        body["prompt_override"],
        allow_own_keys=body["allow_own_keys"],
        enabled=body["enabled"],
    )
    return next(one for one in _listed(agent.id) if one["editor_id"] == editor.id)


@bp.delete("/agents/<agent_id>/grants/<grantee_id>")
@requires("agents.manage")
@bp.response(200, Deleted)
def withdraw(agent_id: str, grantee_id: str) -> dict[str, bool]:
    """Let an editor deploy it no more; what it deployed goes on, with the agent's own prompt."""
    withdraw_agent(agent_by_id(agent_id), account_in_role(grantee_id, "editeur").id)
    return {"deleted": True}


def _listed(agent_id: str) -> list[dict[str, Any]]:
    spent = used_by_editor(agent_id)
    names = ("editor_id", "name", "prompt_override", "enabled", "allow_own_keys", "created_at")
    return [
        {name: getattr(row.AgentGrant, name) for name in names}
        | {"editor": row.User.display_name}
        | _counted(spent.get(row.User.id, UNUSED))
        for row in grants_of(agent_id)
    ]


def _counted(used: Any) -> dict[str, Any]:
    return {"usage_count": used.uses, "total_tokens": used.tokens, "total_cost": used.cost, "last_used_at": used.last_at}
