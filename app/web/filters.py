"""The Jinja filters: French writing of `app.core.format`, under the names that templates use."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from app.core import format as french
from app.core.identifiers import format_phone_fr

FILTERS: dict[str, Callable[..., str]] = {
    "euro": french.euro,
    "cost": french.cost,
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
    "month": french.month,
    "phone": format_phone_fr,
}


def install_filters(app: Flask) -> None:
    """Give every template the French filters."""
    app.jinja_env.filters.update(FILTERS)
