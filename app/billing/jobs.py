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
    from app.billing.suspensions import keep_refusals, settle_suspensions

    keep_refusals()
    settle_suspensions()
    tell_alerts()


@job(queue="light", timeout=120)
def purge_counters() -> None:
    """Drop counters of days and links, and alerts, that nobody reads any more."""
    from app.billing.suspensions import purge

    purge()
