"""Figures of what models were used for: never behind the log, split as asked, and found by indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from app.billing.figures import NONE, Wanted, agent_figures, cost_figures, cost_rows, today
from app.billing.figures.calls import calls_of
from app.billing.figures.costs import used_names
from app.billing.folding import fold
from app.billing.models import UsageLog
from app.core import acting, clock
from app.core.transaction import transaction
from app.extensions import db
from app.web.house import House
from tests.billing.test_folding import NOON, call, keep
from tests.factories import actor_for, committing, make_agent, make_deployment, make_user
from tests.support.statements import sent

DAY = date(2026, 11, 21)


@pytest.fixture(autouse=True)
def still(house: House) -> Iterator[None]:
    """All of it happens on one day."""
    with clock.freeze(NOON):
        yield


def test_a_figure_is_the_same_before_and_after_the_fold(house: House) -> None:
    with committing():
        editor, agent = make_user("editeur").id, make_agent().id
    keep(
        call(editor_id=editor, agent_id=agent, cost_eur=Decimal("0.10"), prompt_tokens=100, completion_tokens=20, latency_ms=1000),
        call(editor_id=editor, agent_id=agent, cost_eur=Decimal("0.05"), success=False, error_class="timeout", latency_ms=3000),
        call(editor_id=editor, agent_id=agent, cost_eur=Decimal("0.30"), paid_by=editor, latency_ms=2000),
    )
    fold()
    keep(call(editor_id=editor, agent_id=agent, cost_eur=Decimal("0.02"), purpose="playground", latency_ms=2000))
    wanted = Wanted(DAY, DAY)
    with committing():
        before = cost_figures(wanted)
        lines_before = [tuple(row) for row in cost_rows(wanted)]
    assert fold() == 1
    with committing():
        after = cost_figures(wanted)
        lines_after = [tuple(row) for row in cost_rows(wanted)]
    assert before == after
    assert lines_before == lines_after
    total = before.total
    assert (total.calls, total.failures, total.cost, total.own_cost, total.own_calls) == (4, 1, Decimal("0.17"), Decimal("0.30"), 1)
    assert total.latency_ms == 2000 and total.tenants == 1 and total.success == 0.75
    assert {one.key: one.calls for one in before.purposes} == {"reply": 3, "playground": 1}
    assert [one.key for one in before.editors] == [editor] and [one.key for one in before.agents] == [agent]


def test_groups_add_up_to_the_whole_and_days_are_parisian(house: House) -> None:
    with committing():
        editors = [make_user("editeur").id for _ in range(2)]
    late = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
    keep(
        call(editor_id=editors[0], cost_eur=Decimal(1), created_at=late, model="gpt-4o"),
        call(editor_id=editors[1], cost_eur=Decimal(3), created_at=late - timedelta(hours=1), model="gpt-4o-mini"),
        call(cost_eur=Decimal(2), created_at=NOON, model="gpt-4o"),
    )
    with committing():
        found = cost_figures(Wanted(DAY - timedelta(days=2), DAY))
        only = cost_figures(Wanted(DAY - timedelta(days=2), DAY, editor_id=NONE)).total
        names = used_names(Wanted(DAY - timedelta(days=1), DAY))
    assert [(day.key.day, day.cost) for day in found.days] == [(19, 3), (20, 1), (21, 2)]
    assert [(one.key, one.cost) for one in found.editors] == [(editors[1], 3), (NONE, 2), (editors[0], 1)]
    for group in (found.editors, found.agents, found.models, found.purposes, found.deployments, found.days):
        assert sum(one.cost for one in group) == found.total.cost == 6
        assert sum(one.calls for one in group) == found.total.calls == 3
    assert only.cost == 2
    assert names.editors == [editors[0]] and len(names.models) == 1


def test_an_editor_sees_his_own_only(house: House) -> None:
    with committing():
        mine, other = make_user("editeur"), make_user("editeur")
        actor, editor, stranger = actor_for(mine, "editeur"), mine.id, other.id
    keep(call(editor_id=editor, cost_eur=Decimal(1)), call(editor_id=stranger, cost_eur=Decimal(5)))
    fold()
    keep(call(editor_id=editor, cost_eur=Decimal(2)), call(editor_id=stranger, cost_eur=Decimal(7)))
    with transaction(actor):
        assert cost_figures(Wanted(DAY, DAY)).total.cost == 3
        assert cost_figures(Wanted(DAY, DAY, editor_id=stranger)).total.calls == 0


def test_the_figures_of_an_agent(house: House) -> None:
    with committing():
        agent = make_agent().id
        editors = [make_user("editeur") for _ in range(2)]
        place = make_deployment(editors[0]).id
        ids = [one.id for one in editors]
    keep(
        *(call(agent_id=agent, editor_id=ids[0], deployment_id=place, latency_ms=ms, model="gpt-4o") for ms in range(100, 2100, 100)),
        call(agent_id=agent, editor_id=ids[1], latency_ms=50, model="gpt-4o-mini", success=False, created_at=NOON - timedelta(days=6)),
        call(agent_id=agent, latency_ms=9000, created_at=NOON - timedelta(days=7)),
        call(latency_ms=60_000),
    )
    fold()
    with committing():
        found, longer = agent_figures(agent, 7), agent_figures(agent, 30)
    assert (found.total.calls, found.total.failures, found.total.tenants) == (21, 1, 2)
    assert found.total.success == pytest.approx(20 / 21)
    assert found.most_used_model is not None and found.most_used_model.key.endswith("/gpt-4o")
    assert found.p95_ms == 1900 and found.p95_days[-1] == 1905 and found.p95_days[0] == 50 and found.p95_days[1] is None
    assert len(found.costs.days) == 7 and longer.total.calls == 22


def test_today_counts_this_day_and_errors_of_24_hours(house: House) -> None:
    keep(
        call(cost_eur=Decimal(1)),
        call(cost_eur=Decimal(4), created_at=NOON - timedelta(days=1), success=False, error_class="cut"),
        call(success=False, error_class="cut", created_at=NOON - timedelta(hours=25)),
        call(success=False, error_class="auth", created_at=NOON - timedelta(hours=11), cost_eur=Decimal(0)),
    )
    with committing():
        found = today()
    assert (found.errors, found.calls, found.cost) == (2, 2, 1)


def test_a_hundred_thousand_calls_are_found_by_indexes(house: House) -> None:
    with committing():
        agent, editor = make_agent().id, make_user("editeur").id
        db.session.execute(
            text(
                "INSERT INTO usage_logs (id, editor_id, agent_id, provider, model, prompt_tokens, completion_tokens, estimated, latency_ms, "
                "success, created_at, counted) SELECT 'use_' || n, CASE WHEN n % 7 = 0 THEN :editor END, CASE WHEN n % 5 = 0 THEN :agent END, "
                "'openai', 'gpt-4o', 100, 10, false, n % 3000, n % 30 <> 0, CAST(:now AS timestamptz) - n * interval '3 minutes', n > 200 "
                "FROM generate_series(1, 100000) n"
            ),
            {"now": NOON, "agent": agent, "editor": editor},
        )
        db.session.execute(text("ANALYZE usage_logs"))
    week = Wanted(DAY - timedelta(days=6), DAY)
    with committing():
        with sent() as seen:
            assert cost_figures(week).total.calls == 200
            cost_figures(Wanted(week.since, week.until, editor_id=editor))
            used_names(week)
            agent_figures(agent, 7)
            today()
            db.session.execute(calls_of(week, outcome="error").order_by(UsageLog.created_at.desc(), UsageLog.id.desc()).limit(51)).all()
        asked = [one for one in seen if "usage_logs" in one.statement and one.statement.lstrip().startswith("SELECT")]
        connection = db.session.connection()
        for statement, parameters in asked:
            plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))
            assert not re.search(r"Seq Scan on usage_logs", plan), plan
    assert len(asked) >= 7


def test_nobody_else_reads_the_log(house: House) -> None:
    with committing():
        someone = make_user("particulier")
        actor = actor_for(someone, "particulier")
    keep(call(cost_eur=Decimal(1)))
    with transaction(actor):
        assert cost_figures(Wanted(DAY, DAY)).total.calls == 0
    with transaction(acting.door()):
        assert cost_figures(Wanted(DAY, DAY)).total.calls == 0
