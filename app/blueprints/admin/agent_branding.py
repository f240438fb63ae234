"""The look of an agent, which its deployments begin with (PRODUCT.md, Branding)."""

from __future__ import annotations

from dataclasses import replace

from flask.typing import ResponseReturnValue

from app.agents.models import Agent
from app.agents.queries import agent_by_id
from app.blueprints.admin.blueprint import bp
from app.blueprints.branding_pages import SAMPLE, Desk, edit_look, preview_look
from app.deployments.brand_levels import change_agent_branding
from app.deployments.logos import remove_brand_logo, take_brand_logo
from app.web.access import requires, signed_in


@bp.route("/agents/<agent_id>/apparence", methods=["GET", "POST"])
@requires("agents.manage")
def agent_branding(agent_id: str) -> ResponseReturnValue:
    """The look of an agent, which its deployments inherit."""
    found = agent_by_id(agent_id)
    return edit_look(
        _desk(found),
        "admin/agents/branding.html",
        keep=lambda values: change_agent_branding(found, values),
        saved=f"Apparence de « {found.name} » enregistrée.",
        take_logo=lambda data: take_brand_logo(signed_in(), found, data),
        remove_logo=lambda: remove_brand_logo(found),
        agent=found,
    )


@bp.post("/agents/<agent_id>/apparence/apercu")
@requires("agents.manage")
def preview_agent_branding(agent_id: str) -> ResponseReturnValue:
    """What a customer would see with the words being typed; nothing is kept."""
    return preview_look(_desk(agent_by_id(agent_id)))


def _desk(agent: Agent) -> Desk:
    return Desk((), agent.default_branding, replace(SAMPLE, agent=agent.name, editor="[nom de l’éditeur]"), house=True)
