"""Jobs of plans and quotas: a few lines calling a verb."""

from __future__ import annotations

from app.core.jobs import job


@job(queue="light", timeout=60)
def tell_quota_alerts() -> None:
    """Tell editors the levels of their plan that they reached."""
    from app.billing.alerts import tell_alerts

    tell_alerts()


@job(queue="light", timeout=60)
def sweep_quotas() -> None:
    """Tell alerts whose job was lost; suspend massive overruns and unpaid accounts, and lift what no longer holds."""
    from app.billing.alerts import tell_alerts
    from app.billing.budget_alerts import tell_budget_levels
    from app.billing.suspensions import keep_refusals, settle_suspensions

    keep_refusals()
    settle_suspensions()
    tell_alerts()
    tell_budget_levels()


@job(queue="light", timeout=120)
def purge_counters() -> None:
    """Drop counters of days and links, alerts and logged calls that nobody reads any more."""
    from app.billing.checking import purge_calls
    from app.billing.suspensions import purge

    purge()
    purge_calls()


@job(queue="light", timeout=120)
def fold_calls() -> None:
    """Add up the calls logged since the last time."""
    from app.billing.folding import fold

    fold()


@job(queue="light", timeout=60)
def tell_budget_alerts() -> None:
    """Tell editors and administrators the levels of budgets that were reached."""
    from app.billing.budget_alerts import tell_budget_levels

    tell_budget_levels()


@job(queue="light", timeout=600)
def check_counters() -> None:
    """Compare counters with the log of calls, and tell of a difference."""
    from app.billing.checked import keep_check
    from app.billing.checking import check

    keep_check(check())


@job(queue="light", timeout=600)
def rebuild_counters() -> None:
    """Make counters again from the log of calls, and compare."""
    from app.billing.checked import keep_check
    from app.billing.checking import check
    from app.billing.rebuilding import rebuild

    rebuild()
    keep_check(check())
