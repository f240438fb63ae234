"""The versions of an agent's instructions: read, compared, put in force again (000)."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.agents.queries import agent_by_id
from app.agents.versions import activate_version, versions_of
from app.blueprints.admin.blueprint import bp
from app.core.text_diff import Change, compare_lines
from app.web.access import requires
from app.web.listing import asked_for
from app.web.responding import respond

VIEWS = {"cote": "Côte à côte", "suite": "À la suite", "texte": "Texte seul"}


@bp.get("/agents/<agent_id>/instructions")
@requires("agents.manage")
def agent_versions(agent_id: str) -> ResponseReturnValue:
    """Every version, and what changed between two of them."""
    agent = agent_by_id(agent_id)
    versions = versions_of(agent.id)
    texts = {version.version: version.system_prompt for version in versions}
    active = next((version.version for version in versions if version.is_active), 0)
    after = _asked("a", texts, active)
    before = _asked("de", texts, max((number for number in texts if number < after), default=0))
    view = asked_for("vue") if asked_for("vue") in VIEWS else "cote" if before else "texte"
    lines = compare_lines(texts[before].split("\n"), texts[after].split("\n")) if before and after else []
    return respond(
        "admin/agents/versions.html",
        agent=agent,
        versions=versions,
        before=before,
        after=after,
        shown=texts.get(after, agent.system_prompt),
        changes=[Change("Instructions", lines)] if before and texts[before] != texts[after] else [],
        view=view,
        views=VIEWS,
    )


@bp.post("/agents/<agent_id>/instructions/<int:number>/activation")
@requires("agents.manage")
def activate_agent_version(agent_id: str, number: int) -> ResponseReturnValue:
    """Make a version the one that the next replies follow."""
    agent = agent_by_id(agent_id)
    done = activate_version(agent, number)
    flash(f"Version {number} en vigueur dès la prochaine réponse." if done else "Cette version est déjà en vigueur.", "success")
    return redirect(url_for(".agent_versions", agent_id=agent.id), code=303)


def _asked(name: str, texts: dict[int, str], default: int) -> int:
    asked = asked_for(name)
    return int(asked) if asked.isdigit() and int(asked) in texts else default
