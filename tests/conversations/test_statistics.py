"""Figures of a period: Paris days, every one of them, of what the reader may see."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from app.conversations.models import Message, Session
from app.conversations.statistics import figures, shares
from app.core.errors import InvalidError
from app.core.transaction import transaction
from app.extensions import db
from app.identity.models import User
from app.quoting.models import Project
from tests.factories import actor_for, committing, make_deployment, make_user

LATE = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
"""Half past midnight in Paris, on the night the clocks change."""


def _talk(
    deployment_id: str, editor: User, at: datetime, *, ttft: tuple[int, ...] = (), project: bool = False, **values: object
) -> Session:
    session = Session(
        deployment_id=deployment_id,
        agent_id=values.pop("agent_id"),
        editor_id=editor.id,
        started_at=at,
        last_activity_at=at,
        **values,
    )
    db.session.add(session)
    db.session.flush()
    db.session.add(Message(session_id=session.id, editor_id=editor.id, sender="visitor", content="Bonjour", created_at=at))
    for delay in ttft:
        db.session.add(
            Message(session_id=session.id, editor_id=editor.id, sender="agent", content="Oui", created_at=at, details={"ttft_ms": delay})
        )
    db.session.add(Message(session_id=session.id, editor_id=editor.id, sender="agent", status="failed", created_at=at))
    if project:
        db.session.add(
            Project(session_id=session.id, editor_id=editor.id, type="sdb", title="Salle de bain", description="", created_at=at)
        )
    db.session.flush()
    return session


@pytest.mark.usefixtures("house")
def test_paris_days_conversion_and_first_tokens() -> None:
    with committing():
        editor, other = make_user("editeur"), make_user("editeur")
        mine, second, theirs = make_deployment(editor), make_deployment(editor), make_deployment(other)
        agent = mine.agent_id
        _talk(mine.id, editor, LATE, ttft=(100, 200, 300), project=True, agent_id=agent)
        _talk(mine.id, editor, datetime(2026, 3, 30, 10, tzinfo=UTC), ttft=(1_000,), agent_id=agent)
        _talk(mine.id, editor, datetime(2026, 3, 30, 11, tzinfo=UTC), status="deleted", agent_id=agent)
        _talk(second.id, editor, datetime(2026, 3, 30, 12, tzinfo=UTC), agent_id=agent)
        _talk(mine.id, editor, datetime(2026, 3, 28, 22, 59, tzinfo=UTC), project=True, agent_id=agent)
        _talk(theirs.id, other, LATE, project=True, agent_id=agent)
        editor_id, mine_id, second_id, actor = editor.id, mine.id, second.id, actor_for(editor, "editeur")
    since, until = date(2026, 3, 29), date(2026, 3, 31)
    with transaction(actor):
        alone = figures(editor_id=editor_id, deployment_id=mine_id, since=since, until=until)
        split = shares(editor_id=editor_id, since=since, until=until)
        everything = figures(editor_id=None, deployment_id=None, since=since, until=until)
    assert [(day.date.day, day.sessions, day.messages, day.projects) for day in alone.days] == [(29, 1, 4, 1), (30, 1, 2, 0), (31, 0, 0, 0)]
    assert (alone.sessions, alone.messages, alone.projects, alone.conversion) == (2, 6, 1, 0.5)
    assert (alone.ttft_p50_ms, alone.ttft_p95_ms) == (250, 895)
    assert (everything.sessions, everything.projects) == (3, 1)
    assert [(day.conversion, day.ttft_p50_ms) for day in alone.days] == [(1.0, 200), (0.0, 1_000), (None, None)]
    assert [(one.deployment_id, one.sessions, one.conversion) for one in split] == [(mine_id, 2, 0.5), (second_id, 1, 0.0)]


@pytest.mark.usefixtures("house")
def test_nothing_is_unknown_not_zero() -> None:
    with committing():
        editor = make_user("editeur")
        editor_id, actor = editor.id, actor_for(editor, "editeur")
    with transaction(actor):
        empty = figures(editor_id=editor_id, deployment_id=None, since=date(2026, 1, 1), until=date(2026, 1, 2))
    assert [day.sessions for day in empty.days] == [0, 0]
    assert (empty.sessions, empty.conversion, empty.ttft_p50_ms, empty.ttft_p95_ms) == (0, None, None, None)


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(("since", "until"), [(date(2026, 1, 2), date(2026, 1, 1)), (date(2025, 1, 1), date(2026, 1, 2))])
def test_a_period_has_an_order_and_an_end(since: date, until: date) -> None:
    with committing(), pytest.raises(InvalidError):
        figures(editor_id=None, deployment_id=None, since=since, until=until)
