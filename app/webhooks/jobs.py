"""Jobs of webhooks."""

from __future__ import annotations

from app.core.jobs import enqueue, job


@job(queue="light", timeout=120)
def drain() -> None:
    """Turn new events into deliveries, and send what is due."""
    from app.webhooks.delivery import drain as run

    run()


def request_drain() -> None:
    """Ask for a drain; one that waits already will see the new events too."""
    enqueue(drain)
