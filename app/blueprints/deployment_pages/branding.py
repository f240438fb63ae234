"""The look of one deployment, in both portals (003 §7.3; PRODUCT.md, Branding)."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.agents.models import Agent
from app.blueprints.branding_pages import SAMPLE, Desk, edit_look, preview_look
from app.deployments.brand_levels import Level, change_deployment_branding
from app.deployments.logos import remove_brand_logo, take_brand_logo
from app.deployments.models import Deployment
from app.deployments.overlay import shown_name
from app.deployments.queries import deployment_in_reach
from app.extensions import db
from app.identity.models import User
from app.web.access import requires, signed_in


def add_branding_pages(bp: Blueprint) -> None:
    """Add `/deploiements/<id>/apparence` and its preview to a portal."""

    @bp.route("/deploiements/<deployment_id>/apparence", methods=["GET", "POST"])
    @requires("deployments.manage")
    def deployment_branding(deployment_id: str) -> ResponseReturnValue:
        """Words, colour, logo, mention and style sheet of a deployment."""
        found, agent = _read(deployment_id)
        return edit_look(
            _desk(found, agent),
            "deployments/branding.html",
            keep=lambda values: change_deployment_branding(found, values, required_branding=_required(agent)),
            saved=f"Apparence de « {found.name} » enregistrée.",
            take_logo=lambda data: take_brand_logo(signed_in(), found, data),
            remove_logo=lambda: remove_brand_logo(found),
            deployment=found,
            agent=agent,
        )

    @bp.post("/deploiements/<deployment_id>/apparence/apercu")
    @requires("deployments.manage")
    def preview_deployment_branding(deployment_id: str) -> ResponseReturnValue:
        """What a customer would see with the words being typed; nothing is kept."""
        return preview_look(_desk(*_read(deployment_id)))


def _read(deployment_id: str) -> tuple[Deployment, Agent]:
    found = deployment_in_reach(deployment_id)
    return found, db.session.get_one(Agent, found.agent_id)


def _desk(deployment: Deployment, agent: Agent) -> Desk:
    editor = db.session.get(User, deployment.editor_id) if deployment.editor_id else None
    names = replace(SAMPLE, agent=shown_name(agent, deployment), editor=editor.display_name if editor else "")
    above = (Level(f"de l’agent {agent.name}", agent.default_branding),)
    return Desk(above, deployment.branding, names, house=True, required=_required(agent))


def _required(agent: Agent) -> bool:
    return bool(agent.whitelabel_config.get("required_branding"))
