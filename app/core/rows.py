"""Writing rows at once, one statement each, past the unit of work: for the few paths that run at every message.

What the unit of work adds (sorting, cascades, comparing) costs more there than the statements themselves (PERFORMANCE.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, Insert, insert, inspect
from sqlalchemy.orm import attributes

from app.extensions import db


def insert_row(row: Any, statement: Insert | None = None) -> Any:
    """Insert a new row, its defaults filled in as a flush would; what the session holds unwritten goes first.

    `statement` says more than a plain insert (a conflict, a returning); its result is given back. The row is not tracked
    afterwards: what the database makes itself (an identity) is not read.
    """
    plain, _ = _insertion(type(row))
    values = _filled(row)
    db.session.flush()
    return db.session.connection().execute(plain if statement is None else statement, values)


def insert_rows(rows: Sequence[Any]) -> None:
    """Insert new rows of one table as `insert_row` does one."""
    plain, _ = _insertion(type(rows[0]))
    values = [_filled(row) for row in rows]
    every = dict.fromkeys(name for row in values for name in row)
    db.session.flush()
    db.session.connection().execute(plain, [every | row for row in values] if len(values) > 1 else values[0])


def row_values(row: Any) -> dict[str, Any]:
    """The values of a new row that are not null, its defaults filled in: for a statement that adds it among others."""
    return {name: value for name, value in _filled(row).items() if value is not None}


def mark_changed(row: Any, changes: dict[str, Any]) -> None:
    """Have a row that the session holds tell what a statement changes or has changed in the database."""
    for name, value in changes.items():
        attributes.set_committed_value(row, name, value)


def _filled(row: Any) -> dict[str, Any]:
    """The values of a new row, its defaults filled in."""
    values = {}
    for column in _insertion(type(row))[1]:
        if column.key in row.__dict__:
            values[column.key] = row.__dict__[column.key]
        elif column.default is not None:
            value = column.default.arg  # type: ignore[attr-defined]
            values[column.key] = value(None) if callable(value) else value
            attributes.set_committed_value(row, column.key, values[column.key])
    return values


@cache
def _insertion(model: type) -> tuple[Insert, tuple[Column[Any], ...]]:
    table = inspect(model).local_table
    return insert(table), tuple(column for column in table.columns if column.identity is None)
