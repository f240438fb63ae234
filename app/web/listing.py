"""One page of a list as its URL asks for it: `tri`, `apres`, `avant` (docs/design.md, URL parameters)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from sqlalchemy import Select

from app.web.paging import Page, paginate


def asked_for(name: str) -> str:
    """A filter of the URL, trimmed; empty when it is not given."""
    return request.args.get(name, "").strip()[:200]


def listed(statement: Select[Any], sorts: Mapping[str, Any], unique: Any, *, default: str, limit: int = 50) -> Page:
    """The page that the URL asks for, with its total.

    `sorts` maps a name of `tri` to a column of the statement that is never null, `unique` breaks ties; an unknown `tri` is the
    `default`. Raises InvalidError on a cursor that is not ours.
    """
    wanted = asked_for("tri")
    chosen = wanted if wanted.removeprefix("-") in sorts else default
    return paginate(
        statement,
        [sorts[chosen.removeprefix("-")], unique],
        descending=chosen.startswith("-"),
        after=request.args.get("apres"),
        before=request.args.get("avant"),
        limit=limit,
        count=True,
    )
