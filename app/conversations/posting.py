"""Keeping a message, and later its reply: each with all that goes with it in one statement (PERFORMANCE.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, Table, bindparam, exists, func, insert, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.billing.models import UsageLog
from app.billing.quotas import SPEND, spending
from app.conversations.models import Message, Session
from app.conversations.queries import unfinished
from app.core.rows import row_values
from app.extensions import db
from app.webhooks.models import Event

_MESSAGES: Table = Message.__table__
_SESSIONS: Table = Session.__table__
_EVENTS: Table = Event.__table__
_LOGS: Table = UsageLog.__table__
_SHARED = ("session_id", "editor_id", "artisan_id", "particulier_id")
"""What all rows of a session have in common, given once. psycopg remembers how to send a statement of 50 values at most, of 4096 characters."""


def keep(
    session: Session, changes: dict[str, Any], *, message: Message, reply: Message, events: Sequence[Event], first: bool
) -> tuple[int, dict[str, Any]] | None:
    """Write a message that was not kept yet under its `client_message_id`, the reply to it, what changes in its session, its events.

    Gives how many replies come before and what `billing.quotas.refusal_of` judges, which is counted last; None for a message that
    was kept before: then nothing is written. The session's row is locked; the objects are not tracked afterwards.
    """
    rows = {"message": message, "reply": reply} | {f"event{number}": event for number, event in enumerate(events)}
    values = {part: row_values(row) for part, row in rows.items()}
    given = _values({"session": changes, **values}) | spending(first=first)
    db.session.flush()
    statement = _statement(tuple(changes), tuple((part, tuple(row)) for part, row in values.items()))
    kept = db.session.connection().execute(statement, given).one_or_none()
    return (kept.waiting, kept.spent) if kept else None


@cache
def _statement(changed: tuple[str, ...], parts: tuple[tuple[str, tuple[str, ...]], ...]) -> Select[Any]:
    """Every part waits for the message, which is written or not; the limits, in the last line, wait for every part."""
    (_, of_message), *others = parts
    message = (
        upsert(_MESSAGES)
        .values(_places("message", _MESSAGES, of_message))
        .on_conflict_do_nothing(index_elements=["session_id", "client_message_id"])
        .returning(_MESSAGES.c.id)
        .cte("message")
    )
    session_id = _given("session", _MESSAGES.c.session_id)
    change = update(_SESSIONS).where(_SESSIONS.c.id == session_id, exists(select(message.c.id)))
    written: Any = message.join(change.values(_places("session", _SESSIONS, changed)).returning(_SESSIONS.c.id).cte("session"), true())
    for part, names in others:
        written = written.join(_inserted(part, _EVENTS if part.startswith("event") else _MESSAGES, names, message), true())
    # What this statement writes is not seen by it: these are the replies that were there.
    waiting = select(func.count()).where(_MESSAGES.c.session_id == session_id, unfinished(_MESSAGES.c.status))
    return select(waiting.scalar_subquery().label("waiting"), SPEND.label("spent")).select_from(written)


def end(
    session: Session, changes: dict[str, Any], *, reply: Message, ended: dict[str, Any], events: Sequence[Event], calls: Sequence[UsageLog]
) -> str | None:
    """Write how a reply ended, what changes in its session, its events and its calls.

    Gives the id of the reply that waited for this one, if any. Both rows are locked, and hold the changes already.
    """
    rows = {f"event{number}": event for number, event in enumerate(events)} | {f"call{number}": call for number, call in enumerate(calls)}
    values = {part: row_values(row) for part, row in rows.items()}
    given = _values({"session": changes, "ended": ended, **values})
    given |= {"ended_id": reply.id, "ended_position": reply.position, "of_session_id": session.id}
    db.session.flush()
    statement = _end_statement(tuple(changes), tuple(ended), tuple((part, tuple(row)) for part, row in values.items()))
    following: str | None = db.session.connection().scalar(statement, given)
    return following


@cache
def _end_statement(changed: tuple[str, ...], ended: tuple[str, ...], parts: tuple[tuple[str, tuple[str, ...]], ...]) -> Select[Any]:
    session_id = _given("session", _MESSAGES.c.session_id)
    end_reply = update(_MESSAGES).where(_MESSAGES.c.id == bindparam("ended_id")).values(_places("ended", _MESSAGES, ended))
    change = update(_SESSIONS).where(_SESSIONS.c.id == session_id).values(_places("session", _SESSIONS, changed))
    written = [end_reply.returning(_MESSAGES.c.id).cte("reply"), change.returning(_SESSIONS.c.id).cte("session")]
    written += [_inserted(part, _EVENTS if part.startswith("event") else _LOGS, names) for part, names in parts]
    following = (
        select(_MESSAGES.c.id)
        .where(_MESSAGES.c.session_id == session_id, _MESSAGES.c.status == "queued", _MESSAGES.c.position > bindparam("ended_position"))
        .order_by(_MESSAGES.c.position)
        .limit(1)
    )
    return select(following.scalar_subquery()).add_cte(*written)


def _inserted(part: str, table: Table, names: tuple[str, ...], after: CTE | None = None) -> CTE:
    """A row of a part; only if `after` gives one, where it is named."""
    row = select(*_places(part, table, names).values())
    if after is not None:
        row = row.select_from(after)
    return insert(table).from_select(list(names), row, include_defaults=False).returning(table.c.id).cte(part)


def _values(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {_name(part, column): value for part, row in parts.items() for column, value in row.items()}


def _places(part: str, table: Table, names: tuple[str, ...]) -> dict[str, ColumnElement[Any]]:
    """Where those values go in a statement."""
    return {name: _given(part, table.c[name]) for name in names}


def _given(part: str, column: Any) -> ColumnElement[Any]:
    return bindparam(_name(part, column.key), type_=column.type)


def _name(part: str, column: str) -> str:
    return f"of_{column}" if column in _SHARED else f"{part}_{column}"
