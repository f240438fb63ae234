"""Rate limits that belong to a verb rather than to a route: counted in Redis, so a refused request counts too."""

from __future__ import annotations

import hashlib

from app.core.errors import LimitError
from app.extensions import redis_client, settings


def throttle(key: str, *, times: int, seconds: int) -> None:
    """Count one use of `key`; more than `times` within `seconds` is refused (429). The key is hashed: it may hold an e-mail."""
    if not settings().ratelimit_enabled:
        return
    name = "throttle:" + hashlib.sha256(key.encode()).hexdigest()[:32]
    client = redis_client()
    count = client.incr(name)
    if count == 1:
        client.expire(name, seconds)
    if count > times:
        left = max(client.ttl(name), 1)
        raise LimitError("Trop d’essais en peu de temps. Réessayez un peu plus tard.", code="rate_limited", retry_after=left)
