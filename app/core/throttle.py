"""Rate limits that belong to a verb rather than to a route: counted in Redis, so a refused request counts too."""

from __future__ import annotations

import hashlib

import redis
import structlog

from app.core.errors import LimitError
from app.extensions import redis_client, settings

log = structlog.get_logger(__name__)


def throttle(key: str, *, times: int, seconds: int) -> None:
    """Count one use of `key`; more than `times` within `seconds` is refused (429). The key is hashed: it may hold an e-mail."""
    if not settings().ratelimit_enabled:
        return
    name = "throttle:" + hashlib.sha256(key.encode()).hexdigest()[:32]
    try:
        with redis_client().pipeline() as pipe:
            _, count, left = pipe.set(name, 0, ex=seconds, nx=True).incr(name).ttl(name).execute()
    except redis.RedisError:
        # A limit is not worth a closed door: sign-in goes on while Redis restarts.
        log.warning("throttle.not_counted")
        return
    if count > times:
        left = max(left, 1)
        raise LimitError("Trop d’essais en peu de temps. Réessayez un peu plus tard.", code="rate_limited", retry_after=left)
