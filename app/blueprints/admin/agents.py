"""Agents: the list, as cards or as a table, and the page of one, with what is done to it at a click (000)."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

import app.conversations.agent_uses  # noqa: F401 - tells where an agent is in use
from app.agents import editing as verbs
from app.agents.counters import counters, used
from app.agents.fields import CATEGORIES, choices_of
from app.agents.lists import SORTS, agents_list
from app.agents.models import Agent
from app.agents.queries import agent_by_id
from app.agents.uses import uses_of
from app.agents.versions import active_version
from app.blueprints.admin.blueprint import bp
from app.core.errors import ConflictError
from app.deployments.agent_uses import deployments_by_agent
from app.web.access import requires
from app.web.listing import asked_for, listed
from app.web.responding import respond

STATES = [
    ("", "Tous les états"),
    ("active", "En service"),
    ("inactive", "Hors service"),
    ("public", "Publics"),
    ("archived", "Archivés"),
]
ORDERS = [("", "Par nom"), ("-usages", "Les plus utilisés"), ("-modifie", "Derniers modifiés"), ("-cree", "Derniers créés")]
SORTED = {"nom": SORTS["name"], "usages": SORTS["uses"], "modifie": SORTS["updated"], "cree": SORTS["created"]}
VIEWS = {"cartes": ("Cartes", "layout-grid"), "tableau": ("Tableau", "list")}
KEPT = ("q", "categorie", "etat", "tri", "vue")
"""What the list's URL says, which an act on one of its agents comes back to."""
PER_PAGE = {"cartes": 24, "tableau": 50}


@bp.get("/agents")
@requires("agents.manage")
def agents() -> ResponseReturnValue:
    """Every agent that is not archived; the archived ones by filter."""
    view = asked_for("vue") if asked_for("vue") in VIEWS else "cartes"
    statement = agents_list(query=asked_for("q"), category=asked_for("categorie"), state=asked_for("etat"))
    page = listed(statement, SORTED, Agent.id, default="nom", limit=PER_PAGE[view])
    return respond(
        "admin/agents/list.html",
        "liste",
        page=page,
        view=view,
        views=VIEWS,
        counters=counters(),
        deployments=deployments_by_agent([row.Agent.id for row in page.rows]),
        categories=CATEGORIES,
        states=STATES,
        orders=ORDERS,
        filtered=any(asked_for(name) for name in ("q", "categorie", "etat")),
        kept={name: request.args[name] for name in KEPT if request.args.get(name)},
    )


@bp.get("/agents/<agent_id>")
@requires("agents.manage")
def agent(agent_id: str) -> ResponseReturnValue:
    """Its settings, where it is in use, how much."""
    found = agent_by_id(agent_id)
    return respond(
        "admin/agents/show.html",
        agent=found,
        uses=uses_of(found.id),
        used=used(found.id),
        version=active_version(found.id),
        deployments=deployments_by_agent([found.id]).get(found.id, 0),
        categories=CATEGORIES,
        schemas=choices_of("output_schemas"),
    )


@bp.post("/agents/<agent_id>/activation")
@requires("agents.manage")
def activate_agent(agent_id: str) -> ResponseReturnValue:
    """Put it in service."""
    return _switch(agent_id, True)


@bp.post("/agents/<agent_id>/desactivation")
@requires("agents.manage")
def deactivate_agent(agent_id: str) -> ResponseReturnValue:
    """Put it out of service: its deployments answer no more."""
    return _switch(agent_id, False)


@bp.post("/agents/<agent_id>/copie")
@requires("agents.manage")
def duplicate_agent(agent_id: str) -> ResponseReturnValue:
    """Make a copy, out of service, and open its form."""
    made = verbs.duplicate_agent(agent_by_id(agent_id))
    flash(f"« {made.name} » est créé, hors service. Donnez-lui son nom.", "success")
    return redirect(url_for(".agent_edit", agent_id=made.id), code=303)


@bp.post("/agents/<agent_id>/archivage")
@requires("agents.manage")
def archive_agent(agent_id: str) -> ResponseReturnValue:
    """Put it away; refused while it is in use, with where."""
    found = agent_by_id(agent_id)
    try:
        verbs.archive_agent(found)
    except ConflictError as error:
        flash(f"{error.message} Voyez « Où il sert ».", "error")
        return redirect(url_for(".agent", agent_id=found.id, _anchor="usages"), code=303)
    _tell(f"« {found.name} » est archivé.", url_for(".restore_agent", agent_id=found.id))
    return redirect(url_for(".agents"), code=303)


@bp.post("/agents/<agent_id>/restauration")
@requires("agents.manage")
def restore_agent(agent_id: str) -> ResponseReturnValue:
    """Take it back, out of service."""
    found = agent_by_id(agent_id)
    verbs.restore_agent(found)
    flash(f"« {found.name} » est de retour, hors service.", "success")
    return redirect(url_for(".agent", agent_id=found.id), code=303)


def _switch(agent_id: str, active: bool) -> ResponseReturnValue:
    found = agent_by_id(agent_id)
    try:
        verbs.set_active(found, active)
    except ConflictError as error:
        flash(error.message, "error")
        return _back(found)
    undo = "deactivate_agent" if active else "activate_agent"
    said = "est en service" if active else "est hors service : ses déploiements ne répondent plus"
    _tell(f"« {found.name} » {said}.", url_for(f".{undo}", agent_id=found.id, **_kept(), de=request.args.get("de")))
    return _back(found)


def _tell(message: str, undo: str) -> None:
    flash({"message": message, "undo": undo}, "success")  # type: ignore[arg-type]


def _kept() -> dict[str, str]:
    return {name: request.args[name] for name in KEPT if name in request.args}


def _back(agent: Agent) -> ResponseReturnValue:
    """To the list as it was, or to the agent."""
    if request.args.get("de") == "liste":
        return redirect(url_for(".agents", **_kept()), code=303)
    return redirect(url_for(".agent", agent_id=agent.id), code=303)
