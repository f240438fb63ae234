"""Guesses of a password, counted in Redis: a few failures in a row close the door for a while, a right one forgets them."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import redis
import structlog

from app.core.errors import LimitError
from app.extensions import redis_client, settings

log = structlog.get_logger(__name__)
MAX_FAILURES = 5
WINDOW_SECONDS = 900


def count_guess(subject: str) -> None:
    """Count one guess before it is judged, so that parallel ones cannot slip through. Raises LimitError after five in 15 minutes.

    `subject` is what is guessed at (an address, a user): known or not, it is counted the same way.
    """
    if not settings().ratelimit_enabled:
        return
    name = _name(subject)
    try:
        with redis_client().pipeline() as pipe:
            _, guesses, left = pipe.set(name, 0, ex=WINDOW_SECONDS, nx=True).incr(name).ttl(name).execute()
    except redis.RedisError:
        log.warning("guesses.not_counted")  # sign-in goes on while Redis restarts; argon2 keeps guessing slow
        return
    if guesses > MAX_FAILURES:
        raise LimitError(
            "Trop d’essais en peu de temps. Patientez un quart d’heure, ou choisissez un nouveau mot de passe.",
            code="rate_limited",
            retry_after=max(left, 1),
        )


def forget_guesses(subject: str) -> None:
    """The guess was right: the count starts again."""
    if settings().ratelimit_enabled:
        with suppress(redis.RedisError):
            redis_client().delete(_name(subject))


def _name(subject: str) -> str:
    return "guesses:" + hashlib.sha256(subject.encode()).hexdigest()[:32]
