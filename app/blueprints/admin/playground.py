"""« Essai »: talking with an agent as it is drafted, before anything is saved (000)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from flask import Response, flash, redirect, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from markupsafe import escape

from app.agents.draft import draft_agent
from app.agents.editing import change_agent
from app.agents.fields import SETTINGS
from app.agents.models import Agent
from app.agents.queries import agent_by_id
from app.answering.wording import NO_MODEL
from app.blueprints.admin.agent_editing import offered_models
from app.blueprints.admin.blueprint import bp
from app.blueprints.admin.playground_form import PlaygroundForm
from app.blueprints.admin.trial_words import trial_view
from app.core.errors import ConflictError, InvalidError
from app.evaluation.drafts import FIELDS, kept_fields
from app.evaluation.following import follow_trial
from app.evaluation.models import Trial
from app.evaluation.playground import UNFINISHED, conversation_of, retry_trial, stop_trial, trial_of, try_draft
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.forms import read_base
from app.web.listing import asked_for
from app.web.responding import respond, wants_fragment


@bp.route("/agents/<agent_id>/essai", methods=["GET", "POST"])
@requires("agents.manage")
def agent_playground(agent_id: str) -> ResponseReturnValue:
    """The draft beside the conversation; sending asks the draft as it is typed."""
    agent, form = agent_by_id(agent_id), PlaygroundForm()
    form.offer(agent)
    wanted = request.form.get("conversation", "") if request.method == "POST" else asked_for("conversation")
    trials = conversation_of(agent.id, wanted) if wanted else ()
    if request.method == "GET":
        form.show(trials[-1].draft if trials else kept_fields(agent))
        return _page(agent, form, trials)
    if "system_prompt" not in request.form:
        # Sent without JavaScript: the words alone come, the draft is the conversation's.
        form.show(trials[-1].draft if trials else kept_fields(agent))
    if form.validate_on_submit():
        try:
            draft = kept_fields(draft_agent(agent, form.values()))
            made = try_draft(agent, draft, form.message.data or "", wanted or None)
        except InvalidError as error:
            put_errors(form, error)
        except ConflictError as error:
            form.message.errors = [error.message]
        else:
            return _talk(agent, made.conversation_id or "", form if "refused" in request.form else None)
    return _page(agent, form, trials, status=422)


@bp.post("/agents/<agent_id>/essai/version")
@requires("agents.manage")
def save_playground_draft(agent_id: str) -> ResponseReturnValue:
    """Keep the draft: in force at the next reply; changed instructions make a version."""
    agent, form = agent_by_id(agent_id), PlaygroundForm()
    form.offer(agent)
    wanted = request.form.get("conversation", "")
    if form.validate_on_submit():
        try:
            changed = change_agent(agent, form.values(), form.note.data or "", base=read_base(form.base.data))
        except InvalidError as error:
            put_errors(form, error)
        except ConflictError as error:
            form.note.errors = [f"{error.message} Vérifiez ses instructions, puis enregistrez à nouveau : votre brouillon passera devant."]
            form.base.data = agent.updated_at.isoformat()
        else:
            flash(_saved(changed), "success")
            return redirect(url_for(".agent_playground", agent_id=agent.id, conversation=wanted or None), code=303)
    return _page(agent, form, conversation_of(agent.id, wanted) if wanted else (), status=422)


@bp.get("/agents/<agent_id>/essai/<trial_id>/flux")
@requires("agents.manage")
def trial_stream(agent_id: str, trial_id: str) -> Response:
    """The answer while it is written, as server-sent events that htmx swaps in."""
    actor, trial = signed_in(), trial_of(agent_id, trial_id).id

    def lines() -> Iterator[str]:
        for told in follow_trial(actor, trial):
            if told is None:
                yield ": …\n\n"
            else:
                name, text = told
                data = "\n".join(f"data: {line}" for line in str(escape(text)).split("\n"))
                yield f"event: {name}\n{data}\n\n"

    response = Response(stream_with_context(lines()), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-cache, no-transform"
    response.headers["X-Accel-Buffering"] = "no"
    return response


@bp.post("/agents/<agent_id>/essai/<trial_id>/arret")
@requires("agents.manage")
def stop_playground_trial(agent_id: str, trial_id: str) -> ResponseReturnValue:
    """Stop an answer; what was written is kept."""
    agent, trial = agent_by_id(agent_id), trial_of(agent_id, trial_id, for_update=True)
    stop_trial(trial)
    return _talk(agent, trial.conversation_id or "")


@bp.post("/agents/<agent_id>/essai/<trial_id>/reprise")
@requires("agents.manage")
def retry_playground_trial(agent_id: str, trial_id: str) -> ResponseReturnValue:
    """Ask again for an answer that failed or was stopped."""
    agent, trial = agent_by_id(agent_id), trial_of(agent_id, trial_id, for_update=True)
    try:
        retry_trial(trial)
    except ConflictError as error:
        flash(error.message, "error")
    return _talk(agent, trial.conversation_id or "")


def _talk(agent: Agent, conversation_id: str, refused: PlaygroundForm | None = None) -> ResponseReturnValue:
    """The conversation alone for htmx, which leaves the draft as it is typed; else its page. With a draft that was `refused` before, the
    desk, which then no longer says so.
    """
    here = url_for(".agent_playground", agent_id=agent.id, conversation=conversation_id)
    if not wants_fragment():
        return redirect(here, code=303)
    trials = conversation_of(agent.id, conversation_id)
    if refused:
        refused.message.data = ""
        answer = respond("admin/agents/playground.html", "essai", **_desk(agent, refused, trials[-1].draft), **_words(agent, trials))
    else:
        answer = respond("admin/agents/playground.html", "echange", **_words(agent, trials))
        answer.headers["HX-Retarget"] = "#echange"
    answer.headers["HX-Push-Url"] = here
    return answer


def _page(agent: Agent, form: PlaygroundForm, trials: Sequence[Trial], status: int = 200) -> ResponseReturnValue:
    """The page; for htmx what follows an answer (204 while nothing happened), or the whole desk after a refusal."""
    words = _words(agent, trials)
    form.base.data = form.base.data or agent.updated_at.isoformat()
    if status == 200 and wants_fragment() and asked_for("vu") == words["shown"]:
        return Response(status=204)
    return respond(
        "admin/agents/playground.html",
        "echange" if status == 200 else "essai",
        status=status,
        **_desk(agent, form, trials[-1].draft if trials and status == 200 else None),
        **words,
    )


def _desk(agent: Agent, form: PlaygroundForm, draft: dict[str, Any] | None) -> dict[str, Any]:
    return {"form": form, "models": offered_models(), "changed": _changed(agent, draft) if draft else []}


def _words(agent: Agent, trials: Sequence[Trial]) -> dict[str, Any]:
    state = [(trial.id, trial.status, trial.attempt, trial.stop_requested) for trial in trials]
    return {
        "agent": agent,
        "failed_sentence": NO_MODEL,
        "trials": [trial_view(trial) for trial in trials],
        "conversation": trials[0].conversation_id if trials else "",
        "pending": next((trial for trial in trials if trial.status in UNFINISHED), None),
        "shown": sha256(repr(state).encode()).hexdigest()[:16],
    }


def _changed(agent: Agent, draft: dict[str, Any]) -> list[str]:
    """The labels of what a draft has different from the agent."""
    present = kept_fields(agent)
    return [SETTINGS[name].label for name in FIELDS if draft.get(name) != present[name]]


def _saved(changed: Sequence[str]) -> str:
    if not changed:
        return "Ce brouillon est déjà ce que dit l’agent."
    if "system_prompt" in changed:
        return "Nouvelle version enregistrée et en vigueur : les prochaines réponses la suivent."
    return "Réglages enregistrés. Les instructions n’ont pas changé : pas de nouvelle version."
