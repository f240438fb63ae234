"""The Jinja filters: French writing of `app.core.format`, under the names that templates use."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from app.core import format as french

FILTERS: dict[str, Callable[..., str]] = {
    "euro": french.euro,
    "number": french.number,
    "quantity": french.quantity,
    "percent": french.percent,
    "size": french.size,
    "duration": french.duration,
    "plural": french.plural,
    "ago": french.ago,
    "exact": french.exact,
    "day": french.day,
    "time": french.time,
}


def install_filters(app: Flask) -> None:
    """Give every template the French filters."""
    app.jinja_env.filters.update(FILTERS)
