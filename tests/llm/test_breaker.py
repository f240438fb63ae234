"""The circuit breaker by itself: when it opens, whom it stops, what it tells to the pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from app.extensions import redis_client
from app.llm import breaker as module
from app.llm.breaker import FAILURES, OPEN_SECONDS, Breaker, states
from app.llm.errors import ErrorKind, ProviderError
from app.llm.gateway import ModelChoice
from app.web.house import House

GPT = ModelChoice("openai", "gpt-4o", "https://api.test/v1", "sk-1")
MINI = GPT.with_model("gpt-4o-mini")
EDITORS = ModelChoice("openai", "gpt-4o", "https://api.test/v1", "sk-2", owner_id="usr_editor")
ELSEWHERE = ModelChoice("openai", "gpt-4o", "https://other.test/v1", "sk-3")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def failure(kind: ErrorKind = "overloaded", retry_after: float | None = None) -> ProviderError:
    return ProviderError(kind, "HTTP 500", provider="openai", model="gpt-4o", retry_after=retry_after)


def fail(breaker: Breaker, times: int = FAILURES, kind: ErrorKind = "overloaded") -> None:
    for _ in range(times):
        breaker.failed(GPT, failure(kind))


def test_it_opens_at_the_fifth_failure_in_a_row(breaker: Breaker) -> None:
    fail(breaker, FAILURES - 1)
    assert breaker.admits(GPT)
    breaker.succeeded(MINI)
    fail(breaker, FAILURES - 1)
    assert breaker.admits(GPT)
    fail(breaker, 1)
    assert not breaker.admits(GPT) and not breaker.admits(MINI)


def test_it_stops_nobody_else(breaker: Breaker) -> None:
    fail(breaker, kind="auth")
    assert not breaker.admits(GPT)
    assert breaker.admits(EDITORS) and breaker.admits(ELSEWHERE)


def test_a_refused_request_says_that_the_provider_works(breaker: Breaker) -> None:
    fail(breaker, FAILURES - 1)
    fail(breaker, 1, "refused")
    fail(breaker, FAILURES - 1)
    assert breaker.admits(GPT)


def test_a_model_closed_to_the_key_closes_no_door_to_others(breaker: Breaker) -> None:
    """A deployment may name any model of the platform's provider: one that answers 403 is that deployment's own affair."""
    gated = GPT.with_model("o1-pro")
    for _ in range(FAILURES + 1):
        breaker.failed(gated, ProviderError("auth", "HTTP 403", provider="openai", model="o1-pro", status=403))
    assert breaker.admits(GPT)


def test_many_at_once_turned_away_by_a_busy_model_leave_its_neighbours_open(breaker: Breaker) -> None:
    for _ in range(FAILURES + 1):
        breaker.failed(GPT, failure("rate_limited", 5.0))
    assert not breaker.admits(GPT) and breaker.admits(MINI)


def test_one_call_tries_again_and_decides(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.now += OPEN_SECONDS - 0.1
    assert not breaker.admits(GPT)
    clock.now += 0.2
    assert breaker.admits(GPT) and not breaker.admits(MINI)
    fail(breaker, 1)
    clock.now += OPEN_SECONDS - 0.1
    assert not breaker.admits(GPT)
    clock.now += 0.2
    assert breaker.admits(GPT)
    breaker.succeeded(GPT)
    assert breaker.admits(GPT) and breaker.admits(MINI)
    fail(breaker, FAILURES - 1)
    assert breaker.admits(GPT)


def test_a_try_that_nobody_waited_for_leaves_its_place(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.now += OPEN_SECONDS
    assert breaker.admits(GPT) and not breaker.admits(GPT)
    breaker.given_up(GPT)
    assert breaker.admits(GPT)


@pytest.mark.parametrize(("asked", "waited"), [(7.0, 7.0), (0.5, 0.5), (3600.0, 60.0)])
def test_a_model_rests_as_long_as_it_asked_and_its_neighbours_do_not(breaker: Breaker, clock: Clock, asked: float, waited: float) -> None:
    breaker.failed(GPT, failure("rate_limited", asked))
    clock.now += waited - 0.1
    assert not breaker.admits(GPT) and breaker.admits(MINI)
    clock.now += 0.2
    assert breaker.admits(GPT) and breaker.admits(GPT)


@pytest.fixture
def told(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was written to Redis, by verb."""
    written: list[str] = []
    write = module._write
    monkeypatch.setattr(module, "_write", lambda change: (written.append("told"), write(change)))
    yield written


def test_pages_are_told_of_changes_alone(breaker: Breaker, clock: Clock, told: list[str]) -> None:
    fail(breaker, FAILURES - 1)
    breaker.succeeded(GPT)
    assert (told, states()) == ([], [])
    fail(breaker)
    (state,) = states()
    assert (state.provider, state.base_url, state.owner_id, state.model) == ("openai", "https://api.test/v1", "", "")
    assert (state.state, state.error_kind, state.failures) == ("open", "overloaded", FAILURES)
    for _ in range(50):
        breaker.admits(GPT)
    assert len(told) == 1 and "sk-1" not in str(redis_client().hgetall("llm:breakers"))
    clock.now += OPEN_SECONDS
    breaker.succeeded(GPT)
    assert (len(told), states()) == (2, [])


def test_redis_may_be_away(breaker: Breaker, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(redis.Redis, "hset", away)
    fail(breaker)
    assert not breaker.admits(GPT)
