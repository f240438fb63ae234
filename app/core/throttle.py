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


def insists(key: str, *, times: int, seconds: int, block: int) -> bool:
    """Count one abuse of `key`; true when it is the one that makes `times` within `seconds` and begins a block of `block` seconds."""
    if not settings().ratelimit_enabled:
        return False
    counted, blocked = _names(key)
    try:
        with redis_client().pipeline() as pipe:
            _, count = pipe.set(counted, 0, ex=seconds, nx=True).incr(counted).execute()
        if count < times:
            return False
        redis_client().delete(counted)
        return bool(redis_client().set(blocked, 1, ex=block, nx=True))
    except redis.RedisError:
        log.warning("throttle.not_counted")
        return False


def refuse_blocked(key: str) -> None:
    """Raise LimitError while `key` is blocked by `insists`."""
    if not settings().ratelimit_enabled:
        return
    try:
        left = redis_client().ttl(_names(key)[1])
    except redis.RedisError:
        log.warning("throttle.not_counted")
        return
    if left > 0:
        raise LimitError("Trop de tentatives refusées depuis cette adresse. Réessayez plus tard.", code="blocked", retry_after=left)


def _names(key: str) -> tuple[str, str]:
    name = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"abuse:{name}", f"blocked:{name}"
