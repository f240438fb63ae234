"""How much an agent is used, and what comes of it, by Paris day (003 §7.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Float, Select, case, cast, column, exists, func, null, select

from app.conversations.models import Message, Session
from app.core.clock import PARIS
from app.core.errors import InvalidError
from app.deployments.models import Deployment
from app.extensions import db
from app.quoting.models import Project

MAX_DAYS = 366


@dataclass(frozen=True, slots=True)
class Day:
    """One Paris day: conversations that had their first message, messages, projects that were made; the rest as in `Figures`."""

    date: date
    sessions: int = 0
    messages: int = 0
    projects: int = 0
    conversion: float | None = None
    ttft_p50_ms: int | None = None
    ttft_p95_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """A period. `conversion`: the share (0 to 1) of its conversations that gave a project; None without a conversation.

    `ttft_…`: milliseconds from the start of a reply's making to its first piece of text, the median and the slowest twentieth; None without a reply.
    """

    days: list[Day]
    sessions: int
    messages: int
    projects: int
    conversion: float | None
    ttft_p50_ms: int | None
    ttft_p95_ms: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """The conversations of one deployment, and which share of them gave a project."""

    deployment_id: str
    name: str
    sessions: int
    conversion: float


def figures(*, editor_id: str | None, deployment_id: str | None, since: date, until: date) -> Figures:
    """The figures of a period, its two Paris days included, of what the acting person may see.

    `editor_id` and `deployment_id` narrow it when given. Every day is there, also an empty one. Conversations that were erased do not
    count. Raises InvalidError when the period is upside down or longer than a year.
    """
    if not timedelta(0) <= until - since < timedelta(days=MAX_DAYS):
        raise InvalidError("La période est à corriger.", {"until": [f"Après le début, {MAX_DAYS} jours au plus."]})
    start, end = _midnight(since), _midnight(until + timedelta(days=1))
    kept = _kept(editor_id, deployment_id)
    sessions = _rolled_up(_sessions(kept, start, end), func.count().filter(_VALUE > 0).label("converted"))
    messages = _rolled_up(_messages(kept, start, end), _percentile(0.5).label("p50"), _percentile(0.95).label("p95"))
    projects = _rolled_up(_projects(kept, start, end))
    days = [
        _day(day, sessions.get(day), messages.get(day), projects.get(day))
        for day in (since + timedelta(days=number) for number in range((until - since).days + 1))
    ]
    whole = _day(since, sessions[None], messages[None], projects[None])
    return Figures(
        days=days,
        sessions=whole.sessions,
        messages=whole.messages,
        projects=whole.projects,
        conversion=whole.conversion,
        ttft_p50_ms=whole.ttft_p50_ms,
        ttft_p95_ms=whole.ttft_p95_ms,
    )


def shares(*, editor_id: str, since: date, until: date) -> list[Share]:
    """Which deployment had the conversations of a period, the busiest first; one without any is not there."""
    dated = (
        _sessions(_kept(editor_id, None), _midnight(since), _midnight(until + timedelta(days=1)))
        .add_columns(Session.deployment_id)
        .subquery()
    )
    count = func.count().label("sessions")
    rows = db.session.execute(
        select(dated.c.deployment_id, Deployment.name, count, func.avg(dated.c.value).label("conversion"))
        .join(Deployment, Deployment.id == dated.c.deployment_id)
        .group_by(dated.c.deployment_id, Deployment.name)
        .order_by(count.desc(), Deployment.name)
    )
    return [Share(row.deployment_id, row.name, row.sessions, float(row.conversion)) for row in rows]


def _day(day: date, sessions: Any, messages: Any, projects: Any) -> Day:
    begun = sessions.count if sessions else 0
    return Day(
        date=day,
        sessions=begun,
        messages=messages.count if messages else 0,
        projects=projects.count if projects else 0,
        conversion=sessions.converted / begun if begun else None,
        ttft_p50_ms=_rounded(messages.p50) if messages else None,
        ttft_p95_ms=_rounded(messages.p95) if messages else None,
    )


def _kept(editor_id: str | None, deployment_id: str | None) -> list[ColumnElement[bool]]:
    wanted = [Session.status != "deleted"]
    if editor_id is not None:
        wanted.append(Session.editor_id == editor_id)
    if deployment_id is not None:
        wanted.append(Session.deployment_id == deployment_id)
    return wanted


def _sessions(kept: list[ColumnElement[bool]], start: datetime, end: datetime) -> Select[Any]:
    """Each conversation that began, and 1 when it gave a project. The index of the last activity finds them."""
    project = case((exists().where(Project.session_id == Session.id), 1.0), else_=0.0)
    return _dated(Session.started_at, project).where(
        *kept, Session.last_activity_at >= start, Session.started_at >= start, Session.started_at < end
    )


def _messages(kept: list[ColumnElement[bool]], start: datetime, end: datetime) -> Select[Any]:
    """Each message and, for a reply, its time to the first piece of text. Conversations alive since the start find them by an index."""
    return (
        _dated(Message.created_at, cast(Message.details["ttft_ms"].astext, Float))
        .join(Message, Message.session_id == Session.id)
        .where(
            *kept,
            Session.last_activity_at >= start,
            Message.status == "completed",
            Message.created_at >= start,
            Message.created_at < end,
        )
    )


def _projects(kept: list[ColumnElement[bool]], start: datetime, end: datetime) -> Select[Any]:
    return (
        _dated(Project.created_at, null())
        .join(Project, Project.session_id == Session.id)
        .where(*kept, Project.created_at >= start, Project.created_at < end)
    )


def _dated(moment: Any, value: Any) -> Select[Any]:
    return select(cast(func.timezone(PARIS.key, moment), Date).label("day"), cast(value, Float).label("value")).select_from(Session)


_VALUE: ColumnElement[float] = column("value", Float)


def _percentile(share: float) -> ColumnElement[float]:
    return func.percentile_cont(share).within_group(_VALUE)


def _rolled_up(facts: Select[Any], *columns: ColumnElement[Any]) -> dict[date | None, Any]:
    """Numbers by Paris day, and under None those of the whole period, which is always there."""
    dated = facts.subquery()
    rows = db.session.execute(
        select(dated.c.day, func.count().label("count"), *columns).select_from(dated).group_by(func.rollup(dated.c.day))
    )
    return {row.day: row for row in rows}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), PARIS)


def _rounded(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds)
