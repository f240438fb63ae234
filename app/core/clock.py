"""The time: stored in UTC, days and months counted in Paris (PRODUCT.md, Time)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
_frozen: ContextVar[datetime | None] = ContextVar("frozen_clock", default=None)


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return _frozen.get() or datetime.now(UTC)


def paris_day(at: datetime | None = None) -> date:
    """The Paris day of a moment (default: now)."""
    return (at or now()).astimezone(PARIS).date()


def paris_month(at: datetime | None = None) -> str:
    """The Paris month of a moment as `YYYY-MM` (default: now)."""
    return paris_day(at).strftime("%Y-%m")


@contextmanager
def freeze(at: datetime) -> Iterator[None]:
    """Stop the clock at a moment, for tests."""
    token = _frozen.set(at)
    try:
        yield
    finally:
        _frozen.reset(token)
