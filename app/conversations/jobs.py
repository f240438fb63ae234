"""Jobs of conversations: a few lines calling a verb."""

from __future__ import annotations

from app.core.jobs import job


@job(queue="chat", timeout=300)
def reply(message_id: str, attempt: int, editor_id: str | None, artisan_id: str | None) -> None:
    """Write one reply of the agent."""
    from app.conversations.replies import write_reply

    write_reply(message_id, attempt, editor_id, artisan_id)


@job(queue="light", timeout=60)
def sweep_replies() -> None:
    """Put back replies that a dead worker or an emptied Redis lost."""
    from app.conversations.sweeping import sweep_replies as sweep

    sweep()


@job(queue="light", timeout=120)
def sweep_sessions() -> None:
    """Complete or expire idle conversations."""
    from app.conversations.sweeping import sweep_sessions as sweep

    sweep()
