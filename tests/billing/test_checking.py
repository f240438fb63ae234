"""The proof that counters are the sums of the log, and what happens when they are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import text

from app.billing import budgets, checking
from app.billing.folding import fold
from app.billing.rebuilding import rebuild
from app.core import clock
from app.extensions import db
from app.web.house import House
from tests.billing.test_folding import call, days, differences, keep
from tests.billing.test_plan_pages import read
from tests.factories import committing, make_user
from tests.support.portal import sign_in


def tamper(statement: str) -> None:
    with committing():
        assert db.session.execute(text(statement)).rowcount > 0


def told() -> list[str]:
    with committing():
        return list(db.session.scalars(text("SELECT body FROM notifications WHERE kind = 'costs_drift'")))


def test_all_is_well_before_during_and_after_a_fold(house: House) -> None:
    assert differences() == []
    keep(call(agent_id="agt_1"), call(agent_id="agt_2", success=False))
    assert differences() == [], "what waits to be folded is no difference"
    fold()
    keep(call(agent_id="agt_1"))
    assert differences() == []
    assert checking.check() == [] and told() == []


def test_each_figure_that_differs_is_said(house: House, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        make_user("admin")
    keep(call(agent_id="agt_1"), call(agent_id="agt_2"))
    fold()
    tamper("UPDATE usage_days SET cost_eur = cost_eur + 0.00000001, calls = 2 WHERE agent_id = 'agt_1'")
    (found,) = differences()
    assert (found.day, found.key["agent_id"], found.key["model"]) == (days()[0].day, "agt_1", "gpt-4o")
    assert found.figures == {"calls": (2, 1), "cost_eur": (Decimal("0.00113457"), Decimal("0.00113456"))}
    assert len(checking.check()) == 1
    run_jobs()
    assert len(told()) == 1 and "21/11/2026" in told()[0]


def test_a_line_that_only_one_of_both_has_is_said(house: House) -> None:
    keep(call(agent_id="agt_1"), call(agent_id="agt_2"))
    fold()
    tamper("DELETE FROM usage_days WHERE agent_id = 'agt_1'")
    tamper("DELETE FROM usage_logs WHERE agent_id = 'agt_2'")
    assert [(one.key["agent_id"], one.figures["calls"]) for one in differences()] == [("agt_1", (0, 1)), ("agt_2", (1, 0))]
    tamper("UPDATE usage_logs SET counted = false")
    fold()
    assert [one.key["agent_id"] for one in differences()] == ["agt_2"]


def test_a_line_counted_without_being_added_is_said(house: House) -> None:
    keep(call())
    tamper("UPDATE usage_logs SET counted = true")
    assert fold() == 0
    assert [one.figures["calls"] for one in differences()] == [(0, 1)]


def test_old_lines_go_and_their_days_stay(house: House) -> None:
    oldest = clock.paris_day() - checking.DAYS_KEPT
    edge = clock.now() - checking.DAYS_KEPT
    keep(*(call(created_at=edge + timedelta(days=shift)) for shift in (-2, -1, 0, 1)))
    assert checking.purge_calls() == 0, "nothing goes before it is counted"
    fold()
    assert checking.purge_calls() == 2
    assert len(days()) == 4
    assert checking.first_whole_day() == oldest
    assert differences() == [], "days whose calls are gone are not compared"
    assert checking.purge_calls() == 0


def test_counters_are_made_again_from_the_log(house: House) -> None:
    with committing():
        editor = make_user("editeur").id
        budgets.set_budget(editor, Decimal(2), hard_stop=True)
    ancient = clock.now() - checking.DAYS_KEPT - timedelta(days=3)
    keep(*(call(editor_id=editor, created_at=clock.now(), cost_eur=Decimal(1)) for _ in range(2)), call(created_at=ancient))
    fold()
    checking.purge_calls()
    before = [(day.day, day.model, day.calls, day.cost_eur, day.last_at) for day in days()]
    tamper("UPDATE usage_days SET calls = calls + 1, cost_eur = 0 WHERE editor_id <> ''")
    tamper("UPDATE budgets SET spent_month = NULL")
    keep(call(editor_id=editor, created_at=clock.now(), cost_eur=Decimal(1), agent_id="agt_waits"))
    assert len(differences()) == 1
    assert rebuild() == 1
    assert differences() == []
    assert [(day.day, day.model, day.calls, day.cost_eur, day.last_at) for day in days()] == before, "days without calls stay as they were"
    with committing():
        assert budgets.spent_out(editor), "budgets follow"
    assert fold() == 1, "what waited is added afterwards"
    assert differences() == []


def test_an_administrator_has_them_made_again(house: House, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        admin = sign_in(house, make_user("admin"), portal="admin")
    keep(call(created_at=clock.now()))
    fold()
    tamper("UPDATE usage_days SET calls = 5")
    assert admin.post("/admin/couts/verification").status_code == 303
    run_jobs()
    assert "1 ligne diffère" in read(admin, "/admin/couts") and "Refaire les compteurs" in read(admin, "/admin/couts")
    assert admin.post("/admin/couts/recalcul").status_code == 303
    assert "rebuild_counters" in run_jobs()
    page = read(admin, "/admin/couts")
    assert "aucun écart" in page and "Refaire les compteurs" not in page
    assert differences() == []
    assert "Compteurs des coûts refaits" in read(admin, "/admin/journal")
