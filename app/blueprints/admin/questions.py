"""« Questions »: the saved test questions of an agent, and its comparisons (000, prompt versions)."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import FieldList, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from app.agents.models import Agent
from app.agents.queries import agent_by_id
from app.agents.versions import active_version, versions_of
from app.blueprints.admin.agent_editing import offered_models
from app.blueprints.admin.blueprint import bp
from app.core.errors import InvalidError
from app.evaluation import questions as verbs
from app.evaluation.comparing import CURRENT, compare
from app.evaluation.models import Comparison, Question
from app.evaluation.results import history, standings
from app.evaluation.rules import HELP, RULES, WORDS
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.forms import PortalForm
from app.web.listing import listed
from app.web.responding import respond

OFFERED = 4
"""Message fields of the form; a question that has more shows them all."""


class QuestionForm(PortalForm):
    """What a person says, one message after the other, and how the last answer is judged."""

    title = StringField("Titre")
    messages = FieldList(TextAreaField("Message"), min_entries=OFFERED, max_entries=verbs.MAX_MESSAGES)
    rule = SelectField("Règle", choices=[SelectChoice(rule, WORDS[rule]) for rule in RULES])
    expected = TextAreaField("Attendu")

    def values(self) -> dict[str, Any]:
        """What the verbs take."""
        return {name: self[name].data for name in ("title", "messages", "rule", "expected")}


class ComparisonForm(PortalForm):
    """A version and a model on each side."""

    a_version = SelectField("Version A")
    a_model = StringField("Modèle A")
    b_version = SelectField("Version B")
    b_model = StringField("Modèle B")

    def offer(self, agent: Agent) -> None:
        """Every version of the prompt, the newest first; at first the one in force against the one before."""
        versions = versions_of(agent.id)
        choices = [SelectChoice(str(one.version), _named(one)) for one in versions]
        self.a_version.choices = self.b_version.choices = choices or [SelectChoice(CURRENT, "Les instructions actuelles")]
        if not self.is_submitted():
            active = active_version(agent.id)
            now = active.version if active else 0
            others = [one.version for one in versions if one.version != now]
            self.b_version.data, self.a_version.data = str(now), str(others[0] if others else now)

    def sides(self) -> dict[str, dict[str, str]]:
        """What the verb takes."""
        return {
            side: {"version": self[f"{side}_version"].data or "", "model": (self[f"{side}_model"].data or "").strip()}
            for side in ("a", "b")
        }


def _named(version: Any) -> str:
    note = f" : {version.note}" if version.note else ""
    return f"Version {version.version}{' (en vigueur)' if version.is_active else ''}{note}"[:100]


@bp.route("/agents/<agent_id>/questions", methods=["GET", "POST"])
@requires("agents.manage")
def agent_questions(agent_id: str) -> ResponseReturnValue:
    """The questions, a comparison to start, and those that were made."""
    agent, form = agent_by_id(agent_id), ComparisonForm()
    form.offer(agent)
    if form.validate_on_submit():
        try:
            run = compare(agent, form.sides())
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash("Comparaison lancée.", "success")
            return redirect(url_for(".agent_comparison", agent_id=agent.id, run_id=run.id), code=303)
    page = listed(history(agent.id), {"quand": Comparison.created_at}, Comparison.id, default="-quand", limit=20)
    return respond(
        "admin/agents/questions.html",
        agent=agent,
        form=form,
        models=offered_models(),
        questions=verbs.questions_of(agent.id),
        page=page,
        standings=standings(row.Comparison.id for row in page.rows),
        words=WORDS,
        status=422 if form.errors else 200,
    )


@bp.route("/agents/<agent_id>/questions/nouvelle", methods=["GET", "POST"])
@requires("agents.manage")
def new_agent_question(agent_id: str) -> ResponseReturnValue:
    """Write a question."""
    agent, form = agent_by_id(agent_id), QuestionForm()
    if form.validate_on_submit():
        try:
            made = verbs.add_question(agent, form.values())
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash(f"Question « {made.title} » ajoutée.", "success")
            return redirect(url_for(".agent_questions", agent_id=agent.id), code=303)
    return _page(agent, None, form)


@bp.route("/agents/<agent_id>/questions/<question_id>", methods=["GET", "POST"])
@requires("agents.manage")
def agent_question(agent_id: str, question_id: str) -> ResponseReturnValue:
    """Change a question."""
    agent, found = agent_by_id(agent_id), verbs.question_of(agent_id, question_id)
    form = QuestionForm(data={"title": found.title, "messages": found.messages, "rule": found.rule, "expected": found.expected})
    while len(form.messages) < OFFERED:
        form.messages.append_entry("")
    if form.validate_on_submit():
        try:
            verbs.change_question(found, form.values())
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash(f"Question « {found.title} » enregistrée.", "success")
            return redirect(url_for(".agent_questions", agent_id=agent.id), code=303)
    return _page(agent, found, form)


@bp.post("/agents/<agent_id>/questions/<question_id>/suppression")
@requires("agents.manage")
def remove_agent_question(agent_id: str, question_id: str) -> ResponseReturnValue:
    """Forget a question."""
    agent, found = agent_by_id(agent_id), verbs.question_of(agent_id, question_id)
    verbs.remove_question(found)
    flash(f"Question « {found.title} » supprimée. Les comparaisons déjà faites la gardent.", "success")
    return redirect(url_for(".agent_questions", agent_id=agent.id), code=303)


def _page(agent: Agent, question: Question | None, form: QuestionForm) -> ResponseReturnValue:
    return respond(
        "admin/agents/question.html",
        agent=agent,
        question=question,
        form=form,
        rules=[(WORDS[rule], HELP[rule]) for rule in RULES],
        status=422 if form.errors else 200,
    )
