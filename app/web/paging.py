"""Keyset paging: a cursor says where the last row stood, so that page 500 costs what page 1 does (PERFORMANCE.md, Pages)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, tuple_

from app.core.errors import InvalidError
from app.extensions import db

COUNT_CAP = 1_000
"""Nobody reads a larger total, and counting on costs more than the page itself."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order, with the cursors of the neighbouring pages (None: no such page)."""

    rows: Sequence[Any]
    next_cursor: str | None
    previous_cursor: str | None
    total: int | None = None
    capped: bool = False


def paginate(
    statement: Select[Any],
    keys: Sequence[Any],
    *,
    descending: bool = True,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
    count: bool = False,
) -> Page:
    """One page of `statement`, ordered by `keys` (columns that the statement selects; the last one unique).

    `after` and `before` are cursors of earlier pages. `count` adds the total, capped at 1,000. Raises InvalidError on a
    cursor that is not ours.
    """
    total = db.session.scalar(select(func.count()).select_from(statement.limit(COUNT_CAP + 1).subquery())) if count else None
    backwards = before is not None
    cursor = _decode(before or after) if before or after else None
    ahead = descending == backwards
    if cursor is not None:
        if len(cursor) != len(keys) or not all(isinstance(value, key.type.python_type) for value, key in zip(cursor, keys, strict=True)):
            raise _wrong_cursor()
        left = tuple_(*keys)
        statement = statement.where(left > cursor if ahead else left < cursor)
    order: Callable[[Any], ColumnElement[Any]] = (lambda key: key.asc()) if ahead else (lambda key: key.desc())
    found = db.session.execute(statement.order_by(*(order(key) for key in keys)).limit(limit + 1)).all()
    more, rows = len(found) > limit, list(found[:limit])
    if backwards:
        rows.reverse()
    names = [key.key for key in keys]
    has_next = (backwards and bool(rows)) or (not backwards and more)
    has_previous = (backwards and more) or (not backwards and after is not None and bool(rows))
    return Page(
        rows,
        _encode([getattr(rows[-1], name) for name in names]) if has_next else None,
        _encode([getattr(rows[0], name) for name in names]) if has_previous else None,
        min(total, COUNT_CAP) if total is not None else None,
        total is not None and total > COUNT_CAP,
    )


def _encode(values: list[Any]) -> str:
    plain = [{"t": v.isoformat()} if isinstance(v, datetime) else {"d": str(v)} if isinstance(v, Decimal) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[Any, ...]:
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(_value(item) for item in plain)
    except (binascii.Error, ValueError, TypeError, KeyError, UnicodeError, ArithmeticError):
        raise _wrong_cursor() from None


def _value(item: Any) -> Any:
    if isinstance(item, dict):
        return datetime.fromisoformat(item["t"]) if "t" in item else Decimal(item["d"])
    if not isinstance(item, str | int):
        raise TypeError
    return item


def _wrong_cursor() -> InvalidError:
    return InvalidError("Cette page n’existe plus.", {"cursor": ["Reprenez depuis la première page."]}, code="invalid_cursor")
