"""Making an agent and changing it (000, the edit form)."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.agents import editing as verbs
from app.agents.models import Agent
from app.agents.queries import agent_by_id
from app.agents.versions import active_version
from app.blueprints.admin.agent_forms import SECTIONS, AgentForm
from app.blueprints.admin.blueprint import bp
from app.core.errors import ConflictError, InvalidError
from app.llm.catalogue import models_of
from app.web.access import requires
from app.web.forms import read_base
from app.web.responding import respond

STALE = "Il a été enregistré pendant que vous écriviez. Votre saisie est gardée : comparez-la, puis enregistrez de nouveau pour qu’elle l’emporte."


@bp.route("/agents/nouveau", methods=["GET", "POST"])
@requires("agents.manage")
def agent_new() -> ResponseReturnValue:
    """A new agent, out of service until it is switched on."""
    form = AgentForm()
    form.offer(None)
    if request.method == "GET":
        form.show(None)
    elif form.validate_on_submit():
        try:
            made = verbs.create_agent(form.values(), form.note.data or "")
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(f"« {made.name} » est créé, hors service. Essayez-le, puis activez-le.", "success")
            return redirect(url_for(".agent", agent_id=made.id), code=303)
    return _page(form, None)


@bp.route("/agents/<agent_id>/modifier", methods=["GET", "POST"])
@requires("agents.manage")
def agent_edit(agent_id: str) -> ResponseReturnValue:
    """Everything it is, by sections; in force at the next reply."""
    agent, form = agent_by_id(agent_id), AgentForm()
    form.offer(agent)
    theirs: list[str] = []
    if request.method == "GET":
        form.show(agent)
    elif form.validate_on_submit():
        try:
            changed = verbs.change_agent(agent, form.values(), form.note.data or "", base=read_base(form.base.data))
        except InvalidError as error:
            form.refuse(error)
        except ConflictError:
            theirs = _differing(form, agent)
            form.note.errors = [STALE]
            form.base.data = agent.updated_at.isoformat()
        else:
            flash(_said(agent, changed), "success")
            return redirect(url_for(".agent", agent_id=agent.id), code=303)
    return _page(form, agent, theirs)


def _page(form: AgentForm, agent: Agent | None, theirs: list[str] | None = None) -> ResponseReturnValue:
    status = 409 if theirs else 422 if form.errors else 200
    version = active_version(agent.id) if agent else None
    return respond(
        "admin/agents/form.html",
        form=form,
        agent=agent,
        version=version,
        theirs=theirs,
        models=offered_models(),
        sections=SECTIONS,
        status=status,
    )


def offered_models() -> list[tuple[str, str]]:
    """What the field of a model offers; any other name may be typed."""
    known = [(f"{one.provider}/{one.key}", one.name) for one in models_of(None)]
    return [("inherit", "Celui de la plateforme"), ("local", "Moteur local"), *known]


def _differing(form: AgentForm, agent: Agent) -> list[str]:
    """The labels of the fields that somebody else's state has otherwise than what is typed here."""
    fresh = AgentForm(formdata=None)
    fresh.offer(agent)
    fresh.show(agent)
    mine, saved = form.values(), fresh.values()
    return [form[name].label.text for name in mine if name in form and mine[name] != saved[name]]


def _said(agent: Agent, changed: list[str]) -> str:
    if "system_prompt" in changed:
        version = active_version(agent.id)
        return (
            f"« {agent.name} » enregistré : version {version.version if version else 1} des instructions, suivie dès la prochaine réponse."
        )
    return f"« {agent.name} » enregistré." if changed else "Rien n’a changé."
