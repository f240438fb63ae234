"""The circuit breaker: a provider that keeps failing is left alone for a while, so that nobody waits for it in vain.

It lives in each process, per provider, address and owner of the key (one account's bad key closes nobody else's door): five
failures in a row open it, 20 s later one call may try again. A model that said « come back in n seconds » is left alone that
long, its neighbours are not. Redis is told of changes alone, for the pages that show them.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

import redis
import structlog
from flask import has_app_context

from app.extensions import redis_client
from app.llm.errors import ProviderError
from app.llm.gateway import ModelChoice

log = structlog.get_logger(__name__)
FAILURES = 5
OPEN_SECONDS = 20.0
MAX_REST_SECONDS = 60.0
"""A provider that asks for more is tried again all the same: hours of rest are for a person to decide."""
_HASH = "llm:breakers"
_FORGOTTEN_SECONDS = 900.0
_ANSWERED = frozenset({"refused"})
_CLOSED_TO_KEY = 403
"""A provider that refuses one request, or does not know one model or keeps it from the key, is there and works."""

Place = tuple[str, str, str]
"""Provider, address, owner of the key."""


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What one process knows of one provider: « open » until then, « half-open » after. `model` is set when that model alone rests."""

    provider: str
    base_url: str
    owner_id: str
    model: str
    error_kind: str
    failures: int
    since: float
    until: float
    process: str

    @property
    def state(self) -> Literal["open", "half-open"]:
        return "open" if time.time() < self.until else "half-open"


@dataclass(slots=True)
class _Line:
    """Failures in a row; `until` is when an open line may be tried again, 0 while it is closed."""

    failures: int = 0
    until: float = 0.0
    probed: bool = False


class Breaker:
    """Safe for threads and greenlets. A provider that works costs one look in an empty dictionary."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._lines: dict[Place, _Line] = {}
        self._rests: dict[tuple[Place, str], float] = {}

    def admits(self, choice: ModelChoice) -> bool:
        """Whether to call this model now. Whoever was let in says how it ended: `succeeded`, `failed` or `given_up`."""
        if not self._lines and not self._rests:
            return True
        place = place_of(choice)
        with self._lock:
            now = self._now()
            if self._rests.get((place, choice.model), 0.0) > now:
                return False
            line = self._lines.get(place)
            if line is None or not line.until:
                return True
            if line.probed or now < line.until:
                return False
            line.probed = True
            return True

    def succeeded(self, choice: ModelChoice) -> None:
        """The provider answered."""
        if not self._lines and not self._rests:
            return
        place = place_of(choice)
        with self._lock:
            line = self._lines.pop(place, None)
            rested = self._rests.pop((place, choice.model), None)
        if line and line.until:
            _forget(place, "")
        if rested:
            _forget(place, choice.model)

    def failed(self, choice: ModelChoice, error: ProviderError) -> None:
        """The provider did not."""
        if error.kind in _ANSWERED or error.status == _CLOSED_TO_KEY:
            self.succeeded(choice)
            return
        place, rest = place_of(choice), min(error.retry_after or 0.0, MAX_REST_SECONDS)
        with self._lock:
            line = self._lines.setdefault(place, _Line())
            # Many may be asking a model at once when it says when to come back: that is one failure.
            if not rest or self._rests.get((place, choice.model), 0.0) <= self._now():
                line.failures += 1
            line.probed = False
            opens = line.failures >= FAILURES
            if opens:
                line.until = self._now() + max(OPEN_SECONDS, rest)
            if rest:
                self._rests[place, choice.model] = self._now() + rest
        if opens:
            log.warning("breaker.open", provider=choice.provider, kind=error.kind, failures=line.failures)
            _tell(place, "", error, line.failures, max(OPEN_SECONDS, rest))
        if rest:
            _tell(place, choice.model, error, line.failures, rest)

    def given_up(self, choice: ModelChoice) -> None:
        """Nobody waited for the end: another call may try."""
        if line := self._lines.get(place_of(choice)):
            line.probed = False

    def reset(self) -> None:
        """Forget everything (tests)."""
        with self._lock:
            self._lines.clear()
            self._rests.clear()


breaker = Breaker()


def place_of(choice: ModelChoice) -> Place:
    """What fails together: one address of one provider, under one account's key."""
    return choice.provider, choice.base_url or "", choice.owner_id or ""


def states() -> list[BreakerState]:
    """What all processes told, the last first; a process that said nothing for a quarter of an hour is no more."""
    told = redis_client().hgetall(_HASH)
    found = [BreakerState(**json.loads(value)) for value in told.values()]
    now = time.time()
    kept = (state for state in found if state.until > (now if state.model else now - _FORGOTTEN_SECONDS))
    return sorted(kept, key=lambda state: state.since, reverse=True)


def _tell(place: Place, model: str, error: ProviderError, failures: int, seconds: float) -> None:
    now = time.time()
    state = BreakerState(*place, model, error.kind, failures, now, now + seconds, _process())
    _write(lambda client: client.hset(_HASH, _field(place, model), json.dumps(asdict(state))))


def _forget(place: Place, model: str) -> None:
    _write(lambda client: client.hdel(_HASH, _field(place, model)))


def _write(change: Callable[[redis.Redis], object]) -> None:
    """Nobody's answer depends on what a page shows."""
    if not has_app_context():
        return
    try:
        client = redis_client()
        change(client)
        client.expire(_HASH, 4 * int(_FORGOTTEN_SECONDS))
    except redis.RedisError:
        log.warning("breaker.not_told")


def _field(place: Place, model: str) -> str:
    return "|".join((_process(), *place, model))


def _process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
