"""What puts trials right by itself (ARCHITECTURE.md, A job)."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import CursorResult, delete, select

from app.core import clock
from app.core.acting import platform
from app.core.leases import out_of_lease
from app.core.transaction import transaction
from app.evaluation.models import Trial
from app.evaluation.queueing import advance, begin_again, end_trial, offer
from app.extensions import db

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 3
NEVER_STARTED = timedelta(minutes=30)
KEPT = timedelta(days=30)
"""How long a conversation of the playground stays."""
BATCH = 200


def sweep_trials() -> int:
    """Take up trials whose lease ran out, and go on with comparisons that stand still. Returns how many trials were touched."""
    with transaction(platform("trial")):
        lost = out_of_lease(Trial, "queued", "running")
        for trial in lost:
            log.warning("trial.lost", trial_id=trial.id, status=trial.status, attempt=trial.attempt)
            _mend(trial)
    standing = select(Trial.run_id).where(Trial.status == "queued", Trial.lease_until.is_(None), Trial.run_id.is_not(None)).distinct()
    with transaction(platform("trial")):
        waiting = db.session.scalars(standing.limit(BATCH)).all()
    offered = 0
    for run_id in waiting:
        with transaction(platform("trial")):
            offered += advance(run_id or "")
    return len(lost) + offered


def _mend(trial: Trial) -> None:
    now = clock.now()
    if trial.stop_requested:
        end_trial(trial, "cancelled", None)
    elif trial.status == "queued" and (trial.offered_at or now) > now - NEVER_STARTED:
        offer(trial)
    elif trial.status == "queued":
        end_trial(trial, "failed", "never_started")
    elif trial.attempt >= MAX_ATTEMPTS:
        end_trial(trial, "failed", "worker_lost")
    else:
        begin_again(trial)
        offer(trial)


def purge_trials() -> int:
    """Delete what was tried in the playground a month ago; comparisons stay. Returns how many."""
    old = delete(Trial).where(Trial.purpose == "playground", Trial.created_at < clock.now() - KEPT)
    with transaction(platform("trial")):
        done = db.session.execute(old)
        assert isinstance(done, CursorResult)
        return done.rowcount
