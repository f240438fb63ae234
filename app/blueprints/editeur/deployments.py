"""Deployments: the agents this editor shows, and where (003 §7.3)."""

from __future__ import annotations

from datetime import timedelta

from flask import Response
from sqlalchemy import func, select

from app.agents.models import Agent
from app.blueprints.editeur.blueprint import account_id, bp
from app.conversations.lists import sessions_list
from app.conversations.models import Session
from app.core import clock
from app.deployments.branding import Names, resolve_branding
from app.deployments.models import Deployment
from app.deployments.queries import deployment_by_id, deployments_of, domains_of
from app.extensions import db, settings
from app.identity.models import User
from app.web.access import requires, signed_in
from app.web.listing import asked_for
from app.web.paging import paginate
from app.web.responding import respond

DAYS = 30


@bp.get("/deploiements")
@requires("deployments.manage")
def deployments() -> Response:
    """All deployments, by name, with the conversations of the last 30 days."""
    found = deployments_of(account_id(), q=asked_for("q"), active={"1": True, "0": False}.get(asked_for("etat")))
    talked = _conversations([one["id"] for one in found])
    return respond(
        "editeur/deployments.html", "deploiements", deployments=found, talked=talked, filtered=asked_for("q") or asked_for("etat")
    )


@bp.get("/deploiements/<deployment_id>")
@requires("deployments.manage")
def deployment(deployment_id: str) -> Response:
    """Its key, its domains, how it looks, its latest conversations."""
    found = deployment_by_id(deployment_id, account_id())
    agent = db.session.get_one(Agent, found.agent_id)
    editor = db.session.get_one(User, account_id())
    latest = sessions_list(signed_in(), deployment_id=found.id)
    names = Names(agent=agent.name, editor=editor.display_name, artisan="[nom de l’artisan]", artisan_phone="[son téléphone]")
    return respond(
        "editeur/deployment.html",
        deployment=found,
        agent=agent,
        domains=domains_of(found.id),
        look=resolve_branding([agent.default_branding, found.branding], names),
        origins=_origins(agent, found),
        talked=_conversations([found.id]).get(found.id, 0),
        sessions=paginate(latest.statement, [latest.sorts["activite"], latest.unique], limit=5).rows,
        base_url=settings().base_url,
    )


def _origins(agent: Agent, deployment: Deployment) -> dict[str, str]:
    """Where each word or colour comes from: this deployment, else the agent, else the platform."""
    return {
        name: "propre à ce déploiement"
        if deployment.branding.get(name)
        else "hérité de l’agent"
        if agent.default_branding.get(name)
        else ""
        for name in ("title", "primary_color", "welcome_message", "placeholder", "signature")
    }


def _conversations(deployment_ids: list[str]) -> dict[str, int]:
    """Conversations of the last 30 days, by deployment."""
    counted = (
        select(Session.deployment_id, func.count())
        .where(
            Session.editor_id == account_id(),
            Session.last_activity_at >= clock.now() - timedelta(days=DAYS),
            Session.started_at.is_not(None),
            Session.status != "deleted",
            Session.deployment_id.in_(deployment_ids),
        )
        .group_by(Session.deployment_id)
    )
    return {row[0]: row[1] for row in db.session.execute(counted)}
