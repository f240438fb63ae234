"""The deployments, a new one, and the first page of each, in both portals (003 §7.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, func, select
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.agents.models import Agent
from app.agents.queries import deployable_agents
from app.blueprints.deployment_pages.words import MODE_WORDS
from app.conversations.admin_queries import all_conversations
from app.conversations.lists import last_activity, sessions_list
from app.conversations.models import Session
from app.core import clock
from app.core.errors import ConflictError, InvalidError
from app.deployments.models import Deployment
from app.deployments.overlay import TABLE, in_force
from app.deployments.queries import deployment_in_reach, deployment_rows, domain_texts, domains_of
from app.deployments.service import MAX_NAME, MODES, create_deployment, set_active
from app.extensions import db, settings
from app.identity.admin_queries import editor_choices
from app.identity.models import User
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.forms import PortalForm
from app.web.listing import asked_for, listed
from app.web.responding import respond

DAYS = 30
LATEST = 5
OF_PLATFORM = "aucun"


class NewDeploymentForm(PortalForm):
    """An agent, a name, a mode; an administrator also says whose it is."""

    editor_id = SelectField("Chez", [DataRequired()])
    agent_id = SelectField("Assistant", [DataRequired("Choisissez un assistant.")])
    name = StringField("Nom du déploiement", [DataRequired(), Length(max=MAX_NAME)])
    mode = SelectField("Mode", choices=[SelectChoice(slug, words) for slug, words in MODE_WORDS.items()])


def add_overview_pages(bp: Blueprint) -> None:
    """Add `/deploiements`, `/deploiements/nouveau` and `/deploiements/<id>` to a portal."""

    @bp.get("/deploiements")
    @requires("deployments.manage")
    def deployments() -> ResponseReturnValue:
        """All deployments, by name, with the conversations of the last 30 days."""
        editor_id = _own_account() or asked_for("editeur")
        statement = deployment_rows(editor_id=editor_id, q=asked_for("q"), active={"1": True, "0": False}.get(asked_for("etat")))
        sorts = {"nom": Deployment.name, "creation": Deployment.created_at}
        page = listed(statement, sorts, Deployment.id, default="nom")
        shown = [row.Deployment.id for row in page.rows]
        return respond(
            "deployments/list.html",
            "deploiements",
            page=page,
            talked=_conversations(shown),
            domains=domain_texts(shown),
            modes=MODES,
            editors=None if _own_account() else [("", "Tous les éditeurs"), (OF_PLATFORM, "La plateforme"), *editor_choices()],
            filtered=bool(asked_for("q") or asked_for("etat") or asked_for("editeur")),
        )

    @bp.route("/deploiements/nouveau", methods=["GET", "POST"])
    @requires("deployments.manage")
    def new_deployment() -> ResponseReturnValue:
        """Deploy a public or a granted agent; an administrator first chooses where."""
        form = NewDeploymentForm()
        editor_id, agents = _offer(form)
        if form.validate_on_submit():
            try:
                made = create_deployment(editor_id, form.agent_id.data, form.name.data or "", form.mode.data)
            except InvalidError as error:
                put_errors(form, error)
            except ConflictError as error:
                form.agent_id.errors = [error.message]
            else:
                flash(f"« {made.name} » est créé. Autorisez un domaine pour qu’il s’affiche.", "success")
                return redirect(url_for(f"{bp.name}.deployment", deployment_id=made.id), code=303)
        status = 422 if form.errors else 200
        return respond("deployments/new.html", form=form, agents=agents, chosen=editor_id or OF_PLATFORM, status=status)

    @bp.get("/deploiements/<deployment_id>")
    @requires("deployments.manage")
    def deployment(deployment_id: str) -> ResponseReturnValue:
        """Its key, its domains, what it changes of its agent, its latest conversations."""
        found = deployment_in_reach(deployment_id)
        agent = db.session.get_one(Agent, found.agent_id)
        changed = in_force(found.config_overlay, agent, dedicated=found.mode == "dedicated")
        return respond(
            "deployments/show.html",
            deployment=found,
            agent=agent,
            editor=db.session.get(User, found.editor_id) if found.editor_id else None,
            domains=domains_of(found.id),
            changed=[field.label for name, field in TABLE.items() if name in changed],
            mode_words=MODE_WORDS[found.mode],
            talked=_conversations([found.id]).get(found.id, 0),
            active_at=last_activity([found.id], found.editor_id).get(found.id),
            sessions=db.session.execute(_latest(found)).all(),
            base_url=settings().base_url,
        )

    @bp.post("/deploiements/<deployment_id>/etat")
    @requires("deployments.manage")
    def switch_deployment(deployment_id: str) -> ResponseReturnValue:
        """Put it in service, or out of it."""
        found, active = deployment_in_reach(deployment_id), request.form.get("actif") == "1"
        try:
            set_active(found, active)
        except ConflictError as error:
            flash(error.message, "error")
        else:
            flash(f"« {found.name} » est {'en service' if active else 'désactivé : ses conversations sont fermées'}.", "success")
        return redirect(url_for(f"{bp.name}.deployment", deployment_id=found.id), code=303)


def _own_account() -> str:
    """The editor acted for; empty for the platform's staff, who see every one."""
    actor = signed_in()
    return (actor.account_id or "") if actor.role == "editeur" else ""


def _offer(form: NewDeploymentForm) -> tuple[str | None, Sequence[Agent]]:
    """Give the form its choices. Returns whose the deployment will be (None: the platform's) and the agents that may be his."""
    own = _own_account()
    if own:
        form.editor_id.choices, form.editor_id.data = [SelectChoice(own, "")], own
    else:
        form.editor_id.choices = [SelectChoice(OF_PLATFORM, "La plateforme"), *(SelectChoice(*one) for one in editor_choices())]
        if request.method == "GET":
            wanted = asked_for("editeur")
            form.editor_id.data = wanted if wanted in [choice.value for choice in form.editor_id.choices] else OF_PLATFORM
    editor_id = None if form.editor_id.data == OF_PLATFORM else form.editor_id.data
    agents = deployable_agents(editor_id)
    form.agent_id.choices = [SelectChoice("", "Choisissez un assistant"), *(SelectChoice(agent.id, agent.name) for agent in agents)]
    return editor_id, agents


def _latest(deployment: Deployment) -> Select[Any]:
    if _own_account():
        statement = sessions_list(signed_in(), deployment_id=deployment.id).statement
    else:
        statement = all_conversations().where(Session.deployment_id == deployment.id)
    return statement.order_by(Session.last_activity_at.desc(), Session.id).limit(LATEST)


def _conversations(deployment_ids: list[str]) -> dict[str, int]:
    """Conversations of the last 30 days, by deployment."""
    counted = (
        select(Session.deployment_id, func.count())
        .where(
            Session.last_activity_at >= clock.now() - timedelta(days=DAYS),
            Session.started_at.is_not(None),
            Session.status != "deleted",
            Session.deployment_id.in_(deployment_ids),
        )
        .group_by(Session.deployment_id)
    )
    if own := _own_account():
        counted = counted.where(Session.editor_id == own)  # what lets an index serve
    return {row[0]: row[1] for row in db.session.execute(counted)}
