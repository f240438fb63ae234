"""Jobs of deployments: a few lines calling a verb."""

from __future__ import annotations

from app.core.jobs import job


@job(queue="light", timeout=60)
def watch_domain(domain_id: str) -> None:
    """Tell the administrators of a new domain that waits for them, or that another editor holds too."""
    from app.deployments.claims import watch

    watch(domain_id)


@job(queue="light", timeout=120)
def watch_domains() -> None:
    """Do it for the domains whose job was lost."""
    from app.deployments.claims import watch_missed

    watch_missed()


@job(queue="light", timeout=120)
def purge_refusals() -> None:
    """Forget refused origins after 30 days."""
    from app.deployments.refusals import purge_refusals as purge

    purge()
