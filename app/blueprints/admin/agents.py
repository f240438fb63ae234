"""Agents: the list, and the look that their deployments begin with (PRODUCT.md, Branding)."""

from __future__ import annotations

from dataclasses import replace

from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from app.agents.models import Agent
from app.blueprints.admin.blueprint import bp
from app.blueprints.branding_pages import SAMPLE, Desk, edit_look, preview_look
from app.core.errors import NotFoundError
from app.deployments.brand_levels import change_agent_branding
from app.deployments.logos import remove_brand_logo, take_brand_logo
from app.deployments.models import Deployment
from app.extensions import db
from app.web.access import requires, signed_in
from app.web.responding import respond


@bp.get("/agents")
@requires("agents.manage")
def agents() -> ResponseReturnValue:
    """Every agent with its deployments, by name."""
    counted = select(func.count()).where(Deployment.agent_id == Agent.id).scalar_subquery()
    rows = db.session.execute(select(Agent, counted.label("deployments")).order_by(Agent.name, Agent.id)).all()
    return respond("admin/agents/list.html", rows=rows)


@bp.route("/agents/<agent_id>/apparence", methods=["GET", "POST"])
@requires("agents.manage")
def agent_branding(agent_id: str) -> ResponseReturnValue:
    """The look of an agent, which its deployments inherit."""
    found = _agent(agent_id)
    return edit_look(
        _desk(found),
        "admin/agents/branding.html",
        keep=lambda values: change_agent_branding(found, values),
        saved=f"Apparence de « {found.name} » enregistrée.",
        take_logo=lambda data: take_brand_logo(signed_in(), found, data),
        remove_logo=lambda: remove_brand_logo(found),
        agent=found,
    )


@bp.post("/agents/<agent_id>/apparence/apercu")
@requires("agents.manage")
def preview_agent_branding(agent_id: str) -> ResponseReturnValue:
    """What a customer would see with the words being typed; nothing is kept."""
    return preview_look(_desk(_agent(agent_id)))


def _agent(agent_id: str) -> Agent:
    found = db.session.get(Agent, agent_id)
    if found is None:
        raise NotFoundError()
    return found


def _desk(agent: Agent) -> Desk:
    return Desk((), agent.default_branding, replace(SAMPLE, agent=agent.name, editor="[nom de l’éditeur]"), house=True)
