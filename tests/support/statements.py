"""What is sent to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Engine, event


class Sent(NamedTuple):
    """A statement, and the values that go with it."""

    statement: str
    values: Any


@contextmanager
def sent() -> Iterator[list[Sent]]:
    """All that is sent meanwhile, in its order, savepoints included."""
    seen: list[Sent] = []

    def note(connection: object, cursor: object, statement: str, values: object, *others: object) -> None:
        seen.append(Sent(statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def asked(seen: list[Sent]) -> list[str]:
    """The statements alone, without savepoints, which the tests' own transactions make."""
    return [one.statement for one in seen if not one.statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK"))]
