"""The Jinja filters: French writing of `app.core.format`, and answers drawn, under the names that templates use."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from app.core import format as french
from app.core.identifiers import format_phone_fr
from app.web.rich_text import rich

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
    "de": french.de,
    "phone": format_phone_fr,
    "rich": rich,
}


def install_filters(app: Flask) -> None:
    """Give every template these filters."""
    app.jinja_env.filters.update(FILTERS)
