"""The playground: a conversation with an agent as it is drafted, one trial for each answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.agents.models import Agent
from app.core.acting import current_actor
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.ids import new_id
from app.core.text import clean_paragraphs
from app.evaluation.models import Trial
from app.evaluation.queueing import begin_again, end_trial, offer
from app.extensions import db

MAX_MESSAGE = 8000
MAX_TRIALS = 40
"""Answers of one conversation."""
UNFINISHED = ("queued", "running")


def conversation_of(agent_id: str, conversation_id: str) -> Sequence[Trial]:
    """The answers of one's own conversation with an agent, oldest first; none of another's."""
    return db.session.scalars(
        select(Trial)
        .where(
            Trial.conversation_id == conversation_id,
            Trial.agent_id == agent_id,
            Trial.user_id == current_actor().user_id,
        )
        .order_by(Trial.created_at, Trial.id)
    ).all()


def try_draft(agent: Agent, draft: Mapping[str, Any], message: str, conversation_id: str | None) -> Trial:
    """Say something to an agent as it is drafted, in a conversation that goes on or in a new one (None).

    Raises InvalidError (field `message`), ConflictError while the last answer is being written.
    """
    text = clean_paragraphs(message)
    if not text or len(text) > MAX_MESSAGE:
        raise InvalidError(
            "Le message est à corriger.",
            {"message": [f"{MAX_MESSAGE} caractères au plus." if text else "Écrivez un message."]},
        )
    if conversation_id:
        # One message at a time: of two sent at once (a double click, two tabs) the second finds the first.
        db.session.execute(select(Trial.id).where(Trial.id == conversation_id).with_for_update())
    before = conversation_of(agent.id, conversation_id) if conversation_id else ()
    if before and before[-1].status in UNFINISHED:
        raise ConflictError("Attendez la fin de la réponse, ou arrêtez-la.", code="answer_unfinished")
    if len(before) >= MAX_TRIALS:
        raise ConflictError("Cette conversation est longue. Recommencez-en une.", code="conversation_full")
    trial_id = new_id("trl")
    trial = Trial(
        id=trial_id,
        agent_id=agent.id,
        user_id=current_actor().user_id,
        purpose="playground",
        conversation_id=before[0].id if before else trial_id,
        draft=dict(draft),
        turns=[*_told(before), {"role": "user", "text": text}],
    )
    db.session.add(trial)
    db.session.flush()
    offer(trial)
    return trial


def _told(before: Sequence[Trial]) -> list[dict[str, str]]:
    """What was said before; a message whose answer never came stays, as in a conversation."""
    return list((before[-1].said or before[-1].turns) if before else ())


def trial_of(agent_id: str, trial_id: str, *, for_update: bool = False) -> Trial:
    """One's own trial in the playground of an agent. Raises NotFoundError."""
    wanted = select(Trial).where(
        Trial.id == trial_id, Trial.agent_id == agent_id, Trial.user_id == current_actor().user_id, Trial.purpose == "playground"
    )
    found = db.session.scalar(wanted.with_for_update() if for_update else wanted)
    if found is None:
        raise NotFoundError()
    return found


def stop_trial(trial: Trial) -> None:
    """Stop an answer: what was written so far is kept."""
    if trial.status == "queued":
        end_trial(trial, "cancelled")
    elif trial.status == "running":
        trial.stop_requested = True


def retry_trial(trial: Trial) -> None:
    """Have the last message of a conversation answered again, after a failure or a stop. Raises ConflictError."""
    last = conversation_of(trial.agent_id, trial.conversation_id or "")[-1]
    if trial.status not in ("failed", "cancelled") or last.id != trial.id:
        raise ConflictError("Cette réponse ne peut pas être demandée à nouveau.", code="not_retryable")
    begin_again(trial)
    offer(trial)
