"""What one deployment changes of its agent: its settings, and their history, in both portals (003 §7.3, §12.2, §12.3)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.agents.models import Agent
from app.agents.queries import agent_deployed, granted_prompt
from app.blueprints.deployment_pages.words import MODE_WORDS, PROMPT_WORDS
from app.core import format as french
from app.core.errors import ConflictError, InvalidError
from app.deployments.models import Deployment
from app.deployments.overlay import TABLE, FieldState, field_states
from app.deployments.overlay_diff import compare
from app.deployments.queries import deployment_in_reach
from app.deployments.service import MAX_NAME, change_deployment, modes_of
from app.deployments.versions import MAX_NOTE, change_overlay, latest_number, restore_version, version_of, versions_of
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.forms import PortalForm
from app.web.listing import asked_for
from app.web.responding import respond

PROMPTS = ("system_prompt_append", "system_prompt_replace")
VIEWS = {"cote": "Côte à côte", "suite": "À la suite"}


class SettingsForm(PortalForm):
    """The deployment's own name and mode, then a field of each of the table; an empty one inherits."""

    deployment_name = StringField("Nom du déploiement", [DataRequired(), Length(max=MAX_NAME)])
    mode = SelectField("Mode")
    name = StringField(TABLE["name"].label)
    description = TextAreaField(TABLE["description"].label)
    prompt_mode = SelectField("Instructions")
    prompt = TextAreaField("Vos instructions")
    model = StringField(TABLE["model"].label)
    fallback_model = StringField(TABLE["fallback_model"].label)
    temperature = StringField(TABLE["temperature"].label)
    max_tokens = StringField(TABLE["max_tokens"].label)
    context_window_size = StringField(TABLE["context_window_size"].label)
    dedicated_collection = StringField(TABLE["dedicated_collection"].label)
    ollama_host = StringField(TABLE["ollama_host"].label)
    ollama_port = StringField(TABLE["ollama_port"].label)
    note = StringField("Pourquoi ce changement", [Length(max=MAX_NOTE)])
    base = HiddenField()

    def offer(self, agent: Agent, deployment: Deployment, states: dict[str, FieldState]) -> None:
        """Only the modes that the agent offers; replacing its instructions only where that is allowed, or is what they do now."""
        modes = [mode for mode in MODE_WORDS if mode in (*modes_of(agent), deployment.mode)]
        self.mode.choices = [SelectChoice(mode, MODE_WORDS[mode]) for mode in modes]
        refused = states["system_prompt_replace"].locked_reason
        becomes_dedicated = request.method == "POST" and self.mode.data == "dedicated"
        kept = [
            mode for mode in PROMPT_WORDS if mode != "replace" or not refused or becomes_dedicated or states["system_prompt_replace"].value
        ]
        self.prompt_mode.choices = [SelectChoice(mode, PROMPT_WORDS[mode]) for mode in kept]

    def show(self, deployment: Deployment, version: int) -> None:
        """Fill in the form with what is kept."""
        overlay = deployment.config_overlay
        self.deployment_name.data, self.mode.data, self.base.data = deployment.name, deployment.mode, str(version)
        self.prompt_mode.data = "replace" if overlay.get(PROMPTS[1]) else "append" if overlay.get(PROMPTS[0]) else "inherit"
        self.prompt.data = overlay.get(PROMPTS[1]) or overlay.get(PROMPTS[0]) or ""
        for name in TABLE.keys() - set(PROMPTS):
            value = overlay.get(name)
            self[name].data = value if isinstance(value, str) else "" if value is None else french.quantity(value)

    def values(self, states: dict[str, FieldState]) -> dict[str, Any]:
        """What was typed: a number where one is expected and one was written. A locked field is not sent by a browser."""
        found: dict[str, Any] = {}
        for name in TABLE.keys() - set(PROMPTS):
            if name in request.form:
                typed = (self[name].data or "").strip()
                found[name] = _number(typed) if states[name].low is not None else typed
        wanted = {"append": PROMPTS[0], "replace": PROMPTS[1]}.get(self.prompt_mode.data)
        for name in PROMPTS:
            if name == wanted or states[name].value:
                found[name] = self.prompt.data if name == wanted else None
        return found

    def loses_a_prompt(self, states: dict[str, FieldState]) -> bool:
        """Whether instructions were typed that would be neither added nor put in place of the agent's."""
        typed = "\n".join((self.prompt.data or "").split())
        return self.prompt_mode.data == "inherit" and typed not in (
            "",
            *("\n".join((states[name].value or "").split()) for name in PROMPTS),
        )


class RestoreForm(PortalForm):
    """The version to go back to."""

    number = IntegerField("Version", [DataRequired()])


def add_settings_pages(bp: Blueprint) -> None:
    """Add `/deploiements/<id>/reglages` and the versions to a portal."""

    @bp.route("/deploiements/<deployment_id>/reglages", methods=["GET", "POST"])
    @requires("deployments.manage")
    def deployment_settings(deployment_id: str) -> ResponseReturnValue:
        """Every field of the table, bounded; a locked one says why."""
        found, form = deployment_in_reach(deployment_id), SettingsForm()
        agent = agent_deployed(found.agent_id, found.editor_id)
        prompt = granted_prompt(agent.id, found.editor_id)
        states = {state.name: state for state in field_states(agent, found, granted_prompt=prompt)}
        version = latest_number(found.id)
        form.offer(agent, found, states)
        if request.method == "GET":
            form.show(found, version)
        elif form.validate_on_submit() and (saved := _save(found, form, states)):
            flash(saved, "success")
            return redirect(url_for(f"{bp.name}.deployment_settings", deployment_id=found.id), code=303)
        return respond(
            "deployments/settings.html",
            deployment=found,
            agent=agent,
            form=form,
            states=states,
            version=version,
            base_prompt=prompt or agent.system_prompt,
            granted=bool(prompt),
            shown=_shown,
            status=422 if form.errors else 200,
        )

    @bp.get("/deploiements/<deployment_id>/versions")
    @requires("deployments.manage")
    def deployment_versions(deployment_id: str) -> ResponseReturnValue:
        """Every version, and what changed between two of them."""
        found = deployment_in_reach(deployment_id)
        versions = versions_of(found.id)
        numbers = [version.number for version in versions]
        after = _asked_number("a", numbers, numbers[0] if numbers else 0)
        before = _asked_number("de", numbers, max(after - 1, 0))
        earlier = version_of(found.id, before).overlay if before else {}
        return respond(
            "deployments/versions.html",
            deployment=found,
            versions=versions,
            before=before,
            after=after,
            changes=compare(earlier, version_of(found.id, after).overlay) if after else [],
            view=asked_for("vue") if asked_for("vue") in VIEWS else "cote",
            views=VIEWS,
            form=RestoreForm(formdata=None),
        )

    @bp.post("/deploiements/<deployment_id>/versions")
    @requires("deployments.manage")
    def restore_deployment_version(deployment_id: str) -> ResponseReturnValue:
        """Go back to a version, which makes a new one."""
        found, form = deployment_in_reach(deployment_id), RestoreForm()
        if not form.validate_on_submit():
            flash("Choisissez la version à remettre.", "error")
            return redirect(url_for(f"{bp.name}.deployment_versions", deployment_id=found.id), code=303)
        try:
            made = restore_version(found, form.number.data)
        except InvalidError as error:
            flash(" ".join(sentence for sentences in error.fields.values() for sentence in sentences), "error")
        else:
            flash(f"Version {form.number.data} remise en vigueur." if made else "Ces réglages sont déjà en vigueur.", "success")
        return redirect(url_for(f"{bp.name}.deployment_versions", deployment_id=found.id), code=303)


def _save(deployment: Deployment, form: SettingsForm, states: dict[str, FieldState]) -> str:
    """Keep what was typed, all of it or nothing. Returns what to say; empty when the form has errors."""
    try:
        change_deployment(deployment, {"name": form.deployment_name.data, "mode": form.mode.data})
    except InvalidError as error:
        put_errors(
            form, InvalidError(error.message, {"deployment_name" if name == "name" else name: said for name, said in error.fields.items()})
        )
        return ""
    if form.loses_a_prompt(states):
        form.prompt_mode.errors = ["Vous avez écrit des instructions : choisissez comment elles s’appliquent, ou effacez-les."]
        return ""
    try:
        base = int(form.base.data) if (form.base.data or "").isdigit() else None
        made = change_overlay(deployment, form.values(states), form.note.data or "", base=base)
    except InvalidError as error:
        put_errors(form, InvalidError(error.message, {"prompt" if name in PROMPTS else name: said for name, said in error.fields.items()}))
        return ""
    except ConflictError as error:
        form.note.errors = [f"{error.message} Comparez avec les versions, puis enregistrez de nouveau."]
        form.base.data = str(latest_number(deployment.id))
        return ""
    return f"Version {made.number} enregistrée : les prochaines réponses la suivent." if made else "Réglages enregistrés."


def _number(typed: str) -> float | int | str | None:
    """A number as people write it; what is none stays as it is, for the verb to refuse."""
    if not typed:
        return None
    try:
        value = float("".join(typed.split()).replace(",", "."))
    except ValueError:
        return typed
    return int(value) if value.is_integer() else value


def _asked_number(name: str, numbers: list[int], default: int) -> int:
    asked = asked_for(name)
    return int(asked) if asked.isdigit() and int(asked) in numbers else default


def _shown(value: Any) -> str:
    """A value of the table in words."""
    return "" if value is None else value if isinstance(value, str) else french.quantity(value)
