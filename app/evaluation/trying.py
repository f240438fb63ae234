"""Having a trial answered: claim, model, store; nothing is held while the model speaks (TRAPS.md, Jobs)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import select, update

from app.agents.models import Agent
from app.answering.config import ResolvedConfig
from app.answering.errors import AnswerFailedError
from app.answering.events import AnswerEvent, Restart, Token, ToolUsed
from app.answering.request import Answer, Turn
from app.answering.trial import try_answer
from app.conversations.running import LEASE, Running
from app.core import clock
from app.core.acting import platform
from app.core.jobs import JobInterrupted
from app.core.streams import publisher
from app.core.transaction import transaction
from app.evaluation.drafts import config_of
from app.evaluation.models import Trial
from app.evaluation.queueing import advance, begin_again, offer, stream_attempt, stream_key
from app.evaluation.storing import keep_failure, keep_played, log_spent
from app.extensions import db
from app.llm.calls import ModelCall

log = structlog.get_logger(__name__)
running = Running(Trial, "running")


@dataclass(frozen=True, slots=True)
class Work:
    """What one trial needs, read once. `answers_all`: each message of the person is answered in turn, else the last alone."""

    trial_id: str
    attempt: int
    run_id: str | None
    answers_all: bool
    ids: dict[str, Any]
    config: ResolvedConfig
    turns: tuple[Turn, ...]


@dataclass(slots=True)
class Played:
    """What came of it so far: what was said, the answers, every call of a model."""

    said: list[Turn] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    calls: list[ModelCall] = field(default_factory=list)


def run_trial(trial_id: str, attempt: int) -> None:
    """Have one trial answered. A job that comes twice, or too late, finds nothing to claim and does nothing."""
    with transaction(platform("trial")):
        work = _claim(trial_id, attempt)
    if work is None:
        return
    running.add(current_app._get_current_object(), trial_id, attempt)  # type: ignore[attr-defined]
    played, failure = Played(), None
    telling = _Telling(stream_key(trial_id), stream_attempt(attempt))
    try:
        _play(work, played, telling)
    except AnswerFailedError as error:
        failure = error
    except JobInterrupted:
        _give_back(work, played)
        raise
    except Exception:
        log.exception("trial.broken", trial_id=trial_id)
        failure = AnswerFailedError(())
    finally:
        running.remove(trial_id)
    _store(work, played, failure, telling.attempt)


def _claim(trial_id: str, attempt: int) -> Work | None:
    """Take the trial, unless it is taken, finished or of another attempt."""
    claimed = (
        update(Trial)
        .where(Trial.id == trial_id, Trial.status == "queued", Trial.attempt == attempt)
        .values(status="running", lease_until=clock.now() + LEASE)
        .returning(Trial.agent_id, Trial.user_id, Trial.run_id, Trial.purpose, Trial.draft, Trial.turns)
    )
    row = db.session.execute(claimed).one_or_none()
    if row is None:
        return None
    return Work(
        trial_id=trial_id,
        attempt=attempt,
        run_id=row.run_id,
        answers_all=row.purpose == "evaluation",
        ids={"purpose": row.purpose, "agent_id": row.agent_id, "user_id": row.user_id},
        config=config_of(db.session.get_one(Agent, row.agent_id), row.draft),
        turns=tuple(Turn(turn["role"], turn["text"]) for turn in row.turns),  # type: ignore[arg-type]
    )


def _play(work: Work, played: Played, telling: _Telling) -> None:
    """Say the person's messages one after the other, each with the answer that came to it."""
    asked = range(len(work.turns)) if work.answers_all else (len(work.turns) - 1,)
    for position, turn in enumerate(work.turns):
        played.said.append(turn)
        if position not in asked:
            continue
        answer = try_answer(work.config, played.said, telling.tell, lambda: running.should_stop(work.trial_id), calls=played.calls)
        played.answers.append(answer)
        if answer.text:
            played.said.append(Turn("assistant", answer.text))
        if answer.stopped:
            return


class _Telling:
    """Passes what happens on to the stream; `attempt` counts the restarts."""

    def __init__(self, key: str, attempt: int) -> None:
        self.attempt = attempt
        self._key, self._publisher = key, publisher()

    def tell(self, event: AnswerEvent) -> None:
        match event:
            case Token(text):
                self._publisher.token(self._key, self.attempt, text)
            case ToolUsed(_, label):
                self._publisher.event(self._key, self.attempt, "tool", {"label": label})
            case Restart():
                self.attempt += 1
                self._publisher.event(self._key, self.attempt, "restart", {})


def _locked(work: Work) -> Trial | None:
    """The trial, locked; None when it is no longer ours."""
    held = select(Trial).where(Trial.id == work.trial_id, Trial.status == "running", Trial.attempt == work.attempt)
    return db.session.scalar(held.with_for_update())


def _give_back(work: Work, played: Played) -> None:
    """The worker must stop: another one begins the trial again at once, under the next attempt. What was spent stays spent."""
    with transaction(platform("trial")):
        log_spent(played.calls, work.ids)
        trial = _locked(work)
        if trial is not None:
            begin_again(trial)
            offer(trial)


def _store(work: Work, played: Played, failure: AnswerFailedError | None, told: int) -> None:
    """Keep what came and what it cost; then the next trials of the comparison have room."""
    with transaction(platform("trial")):
        spent = log_spent(played.calls, work.ids)
        trial = _locked(work)
        if trial is None:
            log.info("trial.overtaken", trial_id=work.trial_id, attempt=work.attempt)
        elif failure is None:
            keep_played(trial, played.said, played.answers, spent, told=told)
        else:
            keep_failure(trial, failure, spent, told=told)
    if work.run_id is not None:
        with transaction(platform("trial")):
            advance(work.run_id)
