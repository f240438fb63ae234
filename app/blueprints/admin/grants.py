"""What editors may do with an agent, and which of them may have it (003 §3.5, §12.5; PRODUCT.md, AgentGrant)."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from app.agents import service as verbs
from app.agents.counters import UNUSED, used_by_editor
from app.agents.fields import MAX_NAME, MAX_PROMPT
from app.agents.models import Agent, AgentGrant
from app.agents.queries import agent_by_id, grants_of
from app.blueprints.admin.blueprint import bp
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.extensions import db
from app.identity.admin_queries import editor_choices
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.forms import PortalForm, between
from app.web.listing import asked_for
from app.web.responding import respond

GRANTED = {"name": "nom", "prompt_override": "instructions", "enabled": "autorisation retirée depuis", "allow_own_keys": "sa propre clé"}
"""What a grant says, in a sentence that lists what differs."""


class WhitelabelForm(PortalForm):
    """An agent's rules for the deployments of editors."""

    is_whitelabel_enabled = BooleanField("Les éditeurs peuvent le déployer")
    is_public = BooleanField("Tous les éditeurs, sans autorisation")
    deployment_mode = SelectField("Modes", choices=[SelectChoice(slug, words) for slug, words in verbs.DEPLOYMENT_MODES.items()])
    allow_prompt_override = BooleanField(verbs.RULES["allow_prompt_override"])
    allow_model_override = BooleanField(verbs.RULES["allow_model_override"])
    allow_rag_override = BooleanField(verbs.RULES["allow_rag_override"])
    allow_own_keys = BooleanField(verbs.RULES["allow_own_keys"])
    required_branding = BooleanField(verbs.RULES["required_branding"])
    min_rate_limit = IntegerField(
        "Demandes par minute et par adresse, au moins",
        [InputRequired(), between(verbs.LOWEST_RATE, verbs.HIGHEST_RATE)],
    )
    base = HiddenField()


class GrantForm(PortalForm):
    """An editor, and how this agent is called and speaks at his."""

    editor_id = SelectField("Éditeur", [DataRequired("Choisissez un éditeur.")])
    name = StringField("Nom chez lui", [Length(max=MAX_NAME)])
    prompt_override = TextAreaField("Instructions écrites pour lui", [Length(max=MAX_PROMPT)])
    own_keys = BooleanField("Répondre avec sa propre clé")
    base = HiddenField(id="grant-base")  # the page has the other form too

    def offer(self) -> None:
        """Every editor."""
        self.editor_id.choices = [SelectChoice("", "Choisissez un éditeur"), *(SelectChoice(*one) for one in editor_choices())]


@bp.route("/agents/<agent_id>/marque-blanche", methods=["GET", "POST"])
@requires("agents.manage")
def agent_whitelabel(agent_id: str) -> ResponseReturnValue:
    """The rules of an agent, and whom it is granted to."""
    agent = agent_by_id(agent_id)
    form, theirs = WhitelabelForm(data=_kept(agent)), []
    if form.validate_on_submit():
        try:
            verbs.change_whitelabel(agent, form.data, base=form.base.data)
        except InvalidError as error:
            put_errors(form, error)
        except ConflictError as error:
            theirs = [form[name].label.text for name in error.details["fields"]]
            form.base.data = verbs.mark_of(verbs.whitelabel_of(agent))
        else:
            flash(f"Marque blanche de « {agent.name} » enregistrée.", "success")
            return redirect(url_for(".agent_whitelabel", agent_id=agent.id), code=303)
    status = 409 if theirs else 422 if form.errors else 200
    return _page(agent, form, _grant_form(agent, asked_for("editeur")), status, theirs=theirs)


@bp.post("/agents/<agent_id>/autorisations")
@requires("agents.manage")
def grant_agent(agent_id: str) -> ResponseReturnValue:
    """Let an editor deploy the agent, or change what was written for him."""
    agent, form, theirs = agent_by_id(agent_id), GrantForm(), []
    form.offer()
    if form.validate_on_submit():
        try:
            verbs.grant_agent(
                agent,
                form.editor_id.data,
                form.name.data or "",
                form.prompt_override.data or "",
                allow_own_keys=bool(form.own_keys.data),
                base=form.base.data,
            )
        except InvalidError as error:
            put_errors(form, error)
        except ConflictError as error:
            if error.code == "agent_archived":
                form.editor_id.errors = [error.message]
            else:
                theirs = [GRANTED[name] for name in error.details["fields"]]
                form.base.data = _grant_mark(agent, form.editor_id.data)
        except NotFoundError:
            form.editor_id.errors = ["Choisissez un éditeur."]
        else:
            flash(f"« {agent.name} » est autorisé à cet éditeur.", "success")
            return redirect(url_for(".agent_whitelabel", agent_id=agent.id, _anchor="autorisations"), code=303)
    return _page(agent, WhitelabelForm(formdata=None, data=_kept(agent)), form, 409 if theirs else 422, grant_theirs=theirs)


@bp.post("/agents/<agent_id>/autorisations/<editor_id>/retrait")
@requires("agents.manage")
def withdraw_agent(agent_id: str, editor_id: str) -> ResponseReturnValue:
    """Let an editor deploy it no more."""
    agent = agent_by_id(agent_id)
    verbs.withdraw_agent(agent, editor_id)
    flash("Autorisation retirée. Les déploiements qui existent continuent.", "success")
    return redirect(url_for(".agent_whitelabel", agent_id=agent.id, _anchor="autorisations"), code=303)


def _page(agent: Agent, form: WhitelabelForm, grant_form: GrantForm, status: int, **theirs: list[str]) -> ResponseReturnValue:
    return respond(
        "admin/agents/whitelabel.html",
        agent=agent,
        form=form,
        grant_form=grant_form,
        grants=grants_of(agent.id),
        used=used_by_editor(agent.id),
        unused=UNUSED,
        **theirs,
        status=status,
    )


def _grant_form(agent: Agent, editor_id: str) -> GrantForm:
    """Empty, or filled in with what an editor was granted, to change it."""
    grant = db.session.get(AgentGrant, (agent.id, editor_id)) if editor_id else None
    form = GrantForm(formdata=None, obj=grant, own_keys=bool(grant and grant.allow_own_keys), base=_grant_mark(agent, editor_id))
    form.offer()
    return form


def _grant_mark(agent: Agent, editor_id: str) -> str:
    return verbs.mark_of(verbs.granted(db.session.get(AgentGrant, (agent.id, editor_id))))


def _kept(agent: Agent) -> dict[str, object]:
    kept = verbs.whitelabel_of(agent)
    return {**kept, "base": verbs.mark_of(kept)}
