"""Jobs of the library: a few lines calling a verb."""

from __future__ import annotations

from app.core.jobs import job


@job(queue="chat", timeout=300)
def make_content(content_id: str, attempt: int, editor_id: str | None, artisan_id: str | None) -> None:
    """Write what was ordered."""
    from app.library.making import make

    make(content_id, attempt, editor_id, artisan_id)


@job(queue="light", timeout=60)
def sweep_contents() -> None:
    """Take up what a dead worker or an emptied Redis lost, and drop what was put away long ago."""
    from app.library.sweeping import sweep

    sweep()
