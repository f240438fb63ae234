"""Comparisons: two sides of an agent (a version of its prompt, a model) on the same questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.agents.draft import draft_agent
from app.agents.models import Agent
from app.agents.versions import versions_of
from app.audit.service import record
from app.core import clock
from app.core.acting import current_actor
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.evaluation.drafts import kept_fields
from app.evaluation.models import Comparison, Question, Trial
from app.evaluation.playground import UNFINISHED
from app.evaluation.questions import questions_of
from app.evaluation.queueing import advance, begin_again, end_trial
from app.extensions import db

SIDES = ("a", "b")
AGAIN = ("failed", "cancelled")
CURRENT = "0"
"""What the agent says now, as long as it has no version."""


def compare(agent: Agent, sides: Mapping[str, Mapping[str, str]]) -> Comparison:
    """Ask every question of the agent to both sides. A side is {"version": number, "model": name}.

    An empty model is the agent's own. Raises InvalidError by field (`a_version`, `b_model`…).
    """
    questions = questions_of(agent.id)
    if not questions:
        raise InvalidError("Écrivez d’abord une question.", {"a_version": ["Écrivez d’abord une question."]})
    chosen = {side: _side(agent, side, sides[side]) for side in SIDES}
    if chosen["a"]["version"] == chosen["b"]["version"] and chosen["a"]["model"] == chosen["b"]["model"]:
        raise InvalidError(
            "Les deux côtés sont les mêmes.", {"b_version": ["Choisissez une autre version, ou un autre modèle, que du côté A."]}
        )
    actor = current_actor()
    run = Comparison(agent_id=agent.id, user_id=actor.user_id, author_name=actor.name, sides=_shown(chosen))
    db.session.add(run)
    db.session.flush()
    for position, question in enumerate(questions):
        for side in SIDES:
            db.session.add(_trial(run, question, position, side, chosen[side]["draft"]))
    db.session.flush()
    advance(run.id)
    record("agent.compared", agent.id, name=agent.name, run_id=run.id, questions=len(questions))
    return run


def _side(agent: Agent, side: str, wanted: Mapping[str, str]) -> dict[str, Any]:
    number = str(wanted.get("version") or "")
    known = {str(version.version): version for version in versions_of(agent.id)}
    if number not in known and (known or number != CURRENT):
        raise InvalidError("Choisissez une version.", {f"{side}_version": ["Choisissez une valeur de la liste."]})
    version = known.get(number)
    draft = kept_fields(agent) | ({"system_prompt": version.system_prompt} if version else {})
    if wanted.get("model"):
        try:
            draft["model"] = draft_agent(agent, {"model": wanted["model"]}).model
        except InvalidError as error:
            raise InvalidError(error.message, {f"{side}_model": error.fields["model"]}) from None
    return {"version": version.version if version else 0, "note": version.note if version else "", "model": draft["model"], "draft": draft}


def _shown(chosen: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {side: {name: one[name] for name in ("version", "note", "model")} for side, one in chosen.items()}


def _trial(run: Comparison, question: Question, position: int, side: str, draft: dict[str, Any]) -> Trial:
    return Trial(
        agent_id=run.agent_id,
        user_id=run.user_id,
        purpose="evaluation",
        run_id=run.id,
        position=position,
        side=side,
        question={"id": question.id, "title": question.title, "rule": question.rule, "expected": question.expected},
        draft=draft,
        turns=[{"role": "user", "text": text} for text in question.messages],
    )


def comparison_of(agent_id: str, run_id: str, *, for_update: bool = False) -> Comparison:
    """A comparison of an agent; locked before its trials, so that nobody waits for another. Raises NotFoundError."""
    wanted = select(Comparison).where(Comparison.id == run_id, Comparison.agent_id == agent_id)
    found = db.session.scalar(wanted.with_for_update() if for_update else wanted)
    if found is None:
        raise NotFoundError()
    return found


def cancel(run: Comparison) -> None:
    """Stop a comparison: what waits is given up, what is being answered stops, what came is kept. Raises ConflictError."""
    open_ones = db.session.scalars(select(Trial).where(Trial.run_id == run.id, Trial.status.in_(UNFINISHED)).with_for_update()).all()
    if not open_ones:
        raise ConflictError("Cette comparaison est déjà terminée.", code="run_over")
    run.cancelled_at = clock.now()
    for trial in open_ones:
        if trial.status == "queued":
            end_trial(trial, "cancelled")
        else:
            trial.stop_requested = True


def retry(run: Comparison) -> int:
    """Have the trials that failed, or were given up, answered again. Returns how many. Raises ConflictError."""
    lost = db.session.scalars(select(Trial).where(Trial.run_id == run.id, Trial.status.in_(AGAIN)).with_for_update()).all()
    if not lost:
        raise ConflictError("Rien n’est à reprendre.", code="nothing_to_retry")
    run.cancelled_at = None
    for trial in lost:
        begin_again(trial)
    db.session.flush()
    advance(run.id)
    return len(lost)
