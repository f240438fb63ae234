"""Agents: listed, made, changed, switched, put away; the versions of their instructions and their figures (000)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import app.conversations.agent_uses
import app.deployments.agent_uses  # noqa: F401 - both tell where an agent is in use
from app.agents import editing as verbs
from app.agents.counters import Used, used
from app.agents.fields import SETTINGS
from app.agents.lists import SORTS, agents_list
from app.agents.models import Agent, PromptVersion
from app.agents.queries import agent_by_id
from app.agents.service import change_whitelabel
from app.agents.versions import activate_version, active_version, version_of, versions_of
from app.billing.figures import agent_figures
from app.blueprints.api.admin import agent_schemas as schemas
from app.blueprints.api.admin.blueprint import bp
from app.web.access import requires
from app.web.api import set_meta
from app.web.paging import paginate

ACCESS = ("is_public", "is_whitelabel_enabled", "deployment_mode")


@bp.get("/agents")
@requires("agents.manage")
@bp.arguments(schemas.AgentQuery, location="query")
@bp.response(200, schemas.AgentRow(many=True))
def all_agents(query: dict[str, Any]) -> list[dict[str, Any]]:
    """Every agent and how much it was used, the archived ones only when asked for."""
    statement = agents_list(query=query["q"], category=query["category"], state=query["state"])
    keys, down = (SORTS[query["sort"].removeprefix("-")], Agent.id), query["sort"].startswith("-")
    page = paginate(statement, keys, descending=down, after=query["cursor"], limit=query["limit"], count=True)
    set_meta(next_cursor=page.next_cursor, total=page.total)
    return [_row(row.Agent, Used(row.uses, row.tokens or 0, row.cost or 0, row.last_at)) for row in page.rows]


@bp.post("/agents")
@requires("agents.manage")
@bp.arguments(schemas.NewAgentIn, example=schemas.NEW)
@bp.response(201, schemas.FullAgentOut)
def make_agent(body: dict[str, Any]) -> dict[str, Any]:
    """Make an agent, out of service, and the first version of its instructions. Without a `slug` it gets one from its name."""
    made = verbs.create_agent({name: body[name] for name in SETTINGS if name in body}, body["note"])
    _change_access(made, body)
    return _shown(made)


@bp.get("/agents/<agent_id>")
@requires("agents.manage")
@bp.response(200, schemas.FullAgentOut)
def one_agent(agent_id: str) -> dict[str, Any]:
    """An agent with its settings, its rules for editors and its counters."""
    return _shown(agent_by_id(agent_id))


@bp.put("/agents/<agent_id>")
@requires("agents.manage")
@bp.arguments(schemas.AgentIn, example=schemas.CHANGE)
@bp.response(200, schemas.FullAgentOut)
@bp.refuses(409)
def change_one_agent(body: dict[str, Any], agent_id: str) -> dict[str, Any]:
    """Change an agent, in force at the next reply; changed instructions make a version."""
    found = agent_by_id(agent_id)
    verbs.change_agent(found, {name: body[name] for name in SETTINGS if name in body}, body["note"], base=body.get("updated_at"))
    _change_access(found, body)
    return _shown(found)


@bp.post("/agents/<agent_id>/duplicate")
@requires("agents.manage")
@bp.response(201, schemas.FullAgentOut)
def duplicate_one_agent(agent_id: str) -> dict[str, Any]:
    """Make a copy, out of service and not public, without its grants."""
    return _shown(verbs.duplicate_agent(agent_by_id(agent_id)))


@bp.post("/agents/<agent_id>/activate")
@requires("agents.manage")
@bp.response(200, schemas.FullAgentOut)
@bp.refuses(409)
def activate_one_agent(agent_id: str) -> dict[str, Any]:
    """Put an agent in service; an archived one is restored first (409)."""
    found = agent_by_id(agent_id)
    verbs.set_active(found, True)
    return _shown(found)


@bp.post("/agents/<agent_id>/deactivate")
@requires("agents.manage")
@bp.response(200, schemas.FullAgentOut)
def deactivate_one_agent(agent_id: str) -> dict[str, Any]:
    """Put an agent out of service: its deployments answer no more."""
    found = agent_by_id(agent_id)
    verbs.set_active(found, False)
    return _shown(found)


@bp.post("/agents/<agent_id>/archive")
@requires("agents.manage")
@bp.response(200, schemas.FullAgentOut)
@bp.refuses(409)
def archive_one_agent(agent_id: str) -> dict[str, Any]:
    """Put an agent away; while it is in use, 409 `agent_in_use` says where in `details.uses`."""
    found = agent_by_id(agent_id)
    verbs.archive_agent(found)
    return _shown(found)


@bp.post("/agents/<agent_id>/restore")
@requires("agents.manage")
@bp.response(200, schemas.FullAgentOut)
def restore_one_agent(agent_id: str) -> dict[str, Any]:
    """Take an archived agent back, out of service."""
    found = agent_by_id(agent_id)
    verbs.restore_agent(found)
    return _shown(found)


@bp.get("/agents/<agent_id>/versions")
@requires("agents.manage")
@bp.response(200, schemas.VersionOut(many=True))
def agent_versions(agent_id: str) -> Sequence[PromptVersion]:
    """Every version of its instructions, the newest first."""
    found = versions_of(agent_by_id(agent_id).id)
    set_meta(next_cursor=None, total=len(found))
    return found


@bp.post("/agents/<agent_id>/versions/<number>/activate")
@requires("agents.manage")
@bp.response(200, schemas.VersionOut)
def activate_agent_version(agent_id: str, number: str) -> PromptVersion:
    """Make a version the one that the next replies follow."""
    found = agent_by_id(agent_id)
    wanted = int(number) if re.fullmatch(r"[0-9]{1,9}", number) else 0
    activate_version(found, wanted)
    return version_of(found.id, wanted)


@bp.get("/agents/<agent_id>/stats")
@requires("agents.manage")
@bp.arguments(schemas.StatsQuery, location="query")
@bp.response(200, schemas.AgentStatsOut)
def agent_stats(query: dict[str, Any], agent_id: str) -> dict[str, Any]:
    """Uses, tokens, costs, latency, success and the most used model of the last 7, 30 or 90 days."""
    figures = agent_figures(agent_by_id(agent_id).id, query["days"])
    total, model = figures.total, figures.most_used_model
    return {
        "days": query["days"],
        "uses": total.calls,
        "tenants": total.tenants,
        "tokens": total.tokens,
        "cost": total.whole_cost,
        "avg_latency_ms": total.latency_ms,
        "p95_latency_ms": figures.p95_ms,
        "success_rate": total.success,
        "most_used_model": model.key if model else None,
    }


def _change_access(agent: Agent, body: dict[str, Any]) -> None:
    """Who may deploy it, and what a deployment may change."""
    wanted = {name: body[name] for name in ACCESS if name in body} | body.get("whitelabel_config", {})
    if wanted:
        change_whitelabel(agent, wanted)


def _row(agent: Agent, spent: Used) -> dict[str, Any]:
    names = (name for name in schemas.AgentRow().fields if hasattr(agent, name))
    return {name: getattr(agent, name) for name in names} | {
        "usage_count": spent.uses,
        "total_tokens": spent.tokens,
        "total_cost": spent.cost,
        "last_used_at": spent.last_at,
    }


def _shown(agent: Agent) -> dict[str, Any]:
    version = active_version(agent.id)
    own = {name: getattr(agent, name) for name in schemas.FullAgentOut().fields if hasattr(agent, name)}
    return own | _row(agent, used(agent.id)) | {"version": version.version if version else None}
