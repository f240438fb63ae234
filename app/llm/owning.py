"""An owner's settings are changed one after the other: two requests at once would both find nothing to replace."""

from __future__ import annotations

from app.core.locks import hold


def lock_owner(owner_id: str | None) -> None:
    """Wait for whoever changes the same owner's settings, until the end of the transaction."""
    hold(f"ai:{owner_id or 'platform'}")
