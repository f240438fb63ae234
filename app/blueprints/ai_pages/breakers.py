"""Which providers rest after failing, for a small pill beside their name."""

from __future__ import annotations

import redis

from app.llm.breaker import states


def open_providers(owner_id: str | None) -> dict[str, bool]:
    """The providers that are not called for a while, with this owner's key or the platform's; nothing when Redis is away."""
    try:
        told = states()
    except redis.RedisError:
        return {}
    return {state.provider: True for state in told if state.state == "open" and not state.model and state.owner_id == (owner_id or "")}
