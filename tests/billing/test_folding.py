"""Counters by day are the sums of the log: exactly once, in Paris days; who may log what."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.billing import budgets, folding
from app.billing.checking import drift
from app.billing.folding import fold
from app.billing.models import UsageDay, UsageLog
from app.billing.service import log_calls
from app.core import acting
from app.core.acting import Actor
from app.core.transaction import transaction
from app.extensions import db
from app.web.house import House
from tests.factories import actor_for, committing, make_user

NOON = datetime(2026, 11, 21, 11, tzinfo=UTC)


def call(**values: Any) -> UsageLog:
    """A call of a model that went well, where `values` do not say otherwise."""
    plain: dict[str, Any] = {
        "provider": "openai",
        "model": "gpt-4o",
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "estimated": False,
        "latency_ms": 300,
        "success": True,
        "cost": Decimal("0.00123456"),
        "currency": "USD",
        "cost_eur": Decimal("0.00113456"),
        "created_at": NOON,
    }
    return UsageLog(**plain | values)


def keep(*entries: UsageLog, actor: Actor | None = None) -> None:
    """Log calls, as the platform where nobody else is named."""
    with transaction(actor or acting.platform("sweep")):
        log_calls(entries)


def days() -> list[UsageDay]:
    with committing():
        return list(db.session.scalars(db.select(UsageDay).order_by(UsageDay.day, UsageDay.model, UsageDay.purpose)))


def differences() -> list[Any]:
    with committing():
        return drift()


def test_calls_are_added_up_by_what_they_have_in_common(house: House) -> None:
    with committing():
        editor = make_user("editeur").id
    failed = call(editor_id=editor, success=False, error_class="timeout", estimated=True, cost_eur=Decimal("0.00000001"), latency_ms=9000)
    keep(
        call(editor_id=editor), call(editor_id=editor, prompt_tokens=7), failed, call(model="gpt-4o-mini", paid_by=editor, editor_id=editor)
    )
    assert fold() == 4
    big, small = days()
    assert (big.model, big.day, big.editor_id, big.agent_id, big.artisan_id, big.paid_by) == (
        "gpt-4o",
        date(2026, 11, 21),
        editor,
        "",
        "",
        "",
    )
    assert (big.calls, big.failures, big.estimated_calls) == (3, 1, 1)
    assert (big.prompt_tokens, big.completion_tokens, big.latency_ms_sum) == (207, 60, 9600)
    assert (big.cost_eur, big.last_at) == (Decimal("0.00226913"), NOON)
    assert (small.calls, small.paid_by) == (1, editor)
    assert fold() == 0, "a call is counted once"
    keep(call(editor_id=editor))
    assert fold() == 1
    assert days()[0].calls == 4
    assert differences() == []


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-30T22:59:59+00:00", "2026-11-30"),
        ("2026-11-30T23:00:00+00:00", "2026-12-01"),
        ("2026-06-30T21:59:59+00:00", "2026-06-30"),
        ("2026-06-30T22:00:00+00:00", "2026-07-01"),
        ("2026-10-25T01:30:00+00:00", "2026-10-25"),
    ],
)
def test_a_day_is_one_of_paris(house: House, moment: str, day: str) -> None:
    keep(call(created_at=datetime.fromisoformat(moment)))
    fold()
    assert [one.day.isoformat() for one in days()] == [day]
    assert differences() == []


def test_a_backlog_is_folded_in_batches(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "BATCH", 10)
    keep(*(call(agent_id=f"agt_{number % 3}") for number in range(35)))
    assert fold() == 35
    assert sum(day.calls for day in days()) == 35
    assert differences() == []


def test_a_fold_that_dies_has_counted_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with committing():
        editor = make_user("editeur").id
        budgets.set_budget(editor, Decimal(10), hard_stop=True)
    keep(call(editor_id=editor))

    def dies(spent: object) -> bool:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(budgets, "settle", dies)
        with pytest.raises(RuntimeError):
            fold()
    assert days() == []
    assert fold() == 1
    assert [day.calls for day in days()] == [1]
    assert differences() == []


def passes(actor: Actor, statement: str, **values: object) -> bool:
    try:
        with transaction(actor):
            return db.session.execute(text(statement), values).rowcount > 0
    except DBAPIError:
        return False


def logs(actor: Actor, **values: Any) -> bool:
    try:
        with transaction(actor):
            log_calls([call(**values)])
    except DBAPIError:
        return False
    return True


def test_a_call_without_a_conversation_is_logged_by_who_asked_or_his_tenants_job(house: House) -> None:
    with committing():
        editor, other, artisan = make_user("editeur"), make_user("editeur"), make_user("artisan")
        asks, works = actor_for(editor, "editeur"), actor_for(artisan, "artisan")
        mine, theirs, his = editor.id, other.id, artisan.id
    job = acting.system("content", editor_id=mine, artisan_id=None)
    assert logs(asks, user_id=mine, editor_id=mine, purpose="assist")
    assert logs(works, user_id=his, artisan_id=his, purpose="assist")
    assert logs(job, editor_id=mine, purpose="content")
    assert not logs(asks, user_id=mine, editor_id=theirs, purpose="assist"), "at another's expense"
    assert not logs(asks, user_id=theirs, editor_id=mine, purpose="assist"), "in another's name"
    assert not logs(asks, user_id=mine, editor_id=mine, artisan_id=his)
    assert not logs(asks, user_id=mine, session_id="sess_x")
    assert not logs(asks, user_id=mine, editor_id=mine, counted=True), "that nobody would add up"
    assert not logs(job, editor_id=theirs)
    assert not logs(job, editor_id=mine, counted=True)
    assert not logs(acting.visitor("sess_x", deployment_id="dep_x", editor_id=mine), session_id="sess_x", editor_id=mine)
    assert not logs(acting.door())
    with transaction(asks):
        assert db.session.scalar(text("SELECT count(*) FROM usage_logs")) == 2
    with transaction(works):
        assert db.session.scalar(text("SELECT count(*) FROM usage_logs")) == 1


def test_what_is_counted_stays_as_it_was(house: House) -> None:
    with committing():
        editor = make_user("editeur")
        mine, asks = editor.id, actor_for(editor, "editeur")
    job = acting.system("reply", editor_id=mine, artisan_id=None)
    keep(call(editor_id=mine), actor=job)
    assert not passes(job, "UPDATE usage_logs SET counted = true")
    assert passes(job, "UPDATE usage_logs SET cost_eur = 1")
    fold()
    for change in ("counted = false", "cost_eur = 2", "model = 'x'", "artisan_id = editor_id", "success = false", "created_at = now()"):
        assert not passes(job, f"UPDATE usage_logs SET {change}"), change
    assert passes(job, "UPDATE usage_logs SET particulier_id = editor_id"), "a conversation still finds its people"
    for actor in (job, asks):
        assert not passes(actor, "UPDATE usage_days SET cost_eur = 0")
        assert not passes(actor, "DELETE FROM usage_days")
    with transaction(asks):
        assert db.session.scalar(text("SELECT sum(calls) FROM usage_days")) == 1
