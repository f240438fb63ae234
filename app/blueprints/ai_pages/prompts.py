"""Instructions of one's own: written, activated, deleted (001 §4, “Prompts système”)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.blueprints.ai_pages.forms import PromptForm
from app.blueprints.ai_pages.page import back
from app.blueprints.ai_pages.words import owner_id
from app.core.errors import ConflictError, InvalidError
from app.llm import system_prompts as verbs
from app.llm.models import SystemPrompt
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.forms import read_base
from app.web.responding import respond


def add_prompt_pages(bp: Blueprint) -> None:
    """Add `/intelligence-artificielle/instructions/…` to a portal."""

    @bp.route("/intelligence-artificielle/instructions/nouvelles", methods=["GET", "POST"])
    @requires("ai.manage")
    def ai_new_prompt() -> ResponseReturnValue:
        """Write instructions."""
        return _edit(bp.name, None)

    @bp.route("/intelligence-artificielle/instructions/<prompt_id>", methods=["GET", "POST"])
    @requires("ai.manage")
    def ai_prompt(prompt_id: str) -> ResponseReturnValue:
        """Change them; what was activated stays as it was until they are activated again."""
        return _edit(bp.name, verbs.prompt_by_id(owner_id(), prompt_id))

    @bp.post("/intelligence-artificielle/instructions/<prompt_id>/activation")
    @requires("ai.manage")
    def ai_activate_prompt(prompt_id: str) -> ResponseReturnValue:
        """Copy them into the active configuration."""
        prompt = verbs.activate_prompt(owner_id(), prompt_id)
        return back(
            bp.name, (f"« {prompt.name} » est actif : son texte d’aujourd’hui est dans la configuration.", "success"), "instructions"
        )

    @bp.post("/intelligence-artificielle/instructions/<prompt_id>/suppression")
    @requires("ai.manage")
    def ai_delete_prompt(prompt_id: str) -> ResponseReturnValue:
        """Delete them."""
        verbs.delete_prompt(owner_id(), prompt_id)
        return back(bp.name, ("Instructions supprimées.", "success"), "instructions")

    @bp.post("/intelligence-artificielle/instructions/retrait")
    @requires("ai.manage")
    def ai_deactivate_prompt() -> ResponseReturnValue:
        """Have no instructions in the configuration."""
        verbs.deactivate_prompt(owner_id())
        return back(bp.name, ("La configuration n’a plus d’instructions.", "success"), "instructions")


def _edit(portal: str, prompt: SystemPrompt | None) -> ResponseReturnValue:
    form, theirs = PromptForm(), False
    if request.method == "GET":
        if prompt is not None:
            form.name.data, form.content.data, form.base.data = prompt.name, prompt.content, prompt.updated_at.isoformat()
    elif form.validate_on_submit():
        name, content = form.name.data or "", form.content.data or ""
        try:
            if prompt is None:
                verbs.create_prompt(owner_id(), name, content)
            else:
                verbs.change_prompt(owner_id(), prompt.id, name, content, base=read_base(form.base.data))
        except InvalidError as error:
            put_errors(form, error)
        except ConflictError:
            theirs, form.base.data = True, prompt.updated_at.isoformat() if prompt else ""
        else:
            flash(f"« {name} » est enregistré.", "success")
            return redirect(url_for(f"{portal}.ai", _anchor="instructions"), code=303)
    return respond("ai/prompt.html", form=form, prompt=prompt, theirs=theirs, status=409 if theirs else 422 if form.errors else 200)
