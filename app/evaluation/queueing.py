"""Queueing trials: the state is the row, the job only carries ids (ARCHITECTURE.md, A job).

The trials of a comparison are offered a few at a time: a hundred calls at once would have a provider turn visitors away.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select

from app.core import clock
from app.core.jobs import enqueue
from app.core.streams import publisher
from app.core.transaction import after_commit
from app.evaluation import jobs
from app.evaluation.models import Comparison, Trial
from app.extensions import db

AT_ONCE = 4
"""Trials of one comparison that workers may have at the same time."""
QUEUE_LEASE = timedelta(seconds=12)
"""How long an offered trial may wait before the sweeper offers it again: Redis may have lost its job."""


def stream_key(trial_id: str) -> str:
    """The Redis stream of a trial."""
    return f"trial:{trial_id}"


def stream_attempt(attempt: int) -> int:
    """Where a worker's attempt begins in the stream; models that give way to one another count on from there."""
    return attempt * 100


def offer(trial: Trial) -> None:
    """Put a queued trial before a worker; a second job of the same attempt finds nothing to claim."""
    now = clock.now()
    trial.offered_at, trial.lease_until = trial.offered_at or now, now + QUEUE_LEASE
    trial_id, attempt = trial.id, trial.attempt
    after_commit(lambda: enqueue(jobs.run_trial, trial_id, attempt))


def begin_again(trial: Trial) -> None:
    """Start a trial from nothing, under the next attempt: whoever still works on the last one can no longer store it."""
    trial.attempt += 1
    trial.status, trial.offered_at, trial.lease_until, trial.stop_requested = "queued", None, None, False
    trial.said, trial.answer, trial.error, trial.finished_at = [], "", None, None
    trial.passed, trial.verdict, trial.failures, trial.refusals, trial.tools, trial.quote = None, "", [], [], [], None
    trial.provider, trial.model, trial.resolved_prompt, trial.latency_ms, trial.ttft_ms = "", "", "", None, None
    trial.prompt_tokens, trial.completion_tokens, trial.estimated, trial.cost_eur = 0, 0, False, Decimal(0)
    key, attempt = stream_key(trial.id), stream_attempt(trial.attempt)
    after_commit(lambda: publisher().event(key, attempt, "restart", {}))


def end_trial(trial: Trial, status: str, error: str | None = None, *, told: int | None = None) -> None:
    """The trial is over; whoever follows it learns so, after what was `told` under that attempt of the stream."""
    trial.status, trial.error, trial.lease_until, trial.finished_at = status, error, None, clock.now()
    key, attempt = stream_key(trial.id), told or stream_attempt(trial.attempt) + 99
    after_commit(lambda: publisher().event(key, attempt, "done", {}))


def advance(run_id: str) -> int:
    """Offer the next trials of a comparison, as many as there is room for. Returns how many."""
    run = db.session.scalar(select(Comparison).where(Comparison.id == run_id).with_for_update())
    if run is None or run.cancelled_at is not None:
        return 0
    db.session.flush()
    of_run = select(Trial).where(Trial.run_id == run_id)
    busy = select(func.count()).where(
        Trial.run_id == run_id, (Trial.status == "running") | ((Trial.status == "queued") & Trial.lease_until.is_not(None))
    )
    room = AT_ONCE - db.session.scalar(busy)
    if room <= 0:
        return 0
    waiting = db.session.scalars(
        of_run.where(Trial.status == "queued", Trial.lease_until.is_(None)).order_by(Trial.position, Trial.side).limit(room)
    ).all()
    for trial in waiting:
        offer(trial)
    return len(waiting)
