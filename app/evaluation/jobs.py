"""Jobs of trials: a few lines calling a verb."""

from __future__ import annotations

from app.core.jobs import job


@job(queue="chat", timeout=600)
def run_trial(trial_id: str, attempt: int) -> None:
    """Have one trial answered."""
    from app.evaluation.trying import run_trial as run

    run(trial_id, attempt)


@job(queue="light", timeout=60)
def sweep_trials() -> None:
    """Put back trials that a dead worker or an emptied Redis lost."""
    from app.evaluation.sweeping import sweep_trials as sweep

    sweep()


@job(queue="light", timeout=120)
def purge_trials() -> None:
    """Forget old trials of the playground."""
    from app.evaluation.sweeping import purge_trials as purge

    purge()
