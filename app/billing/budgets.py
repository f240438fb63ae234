"""What the platform's keys may cost for one editor in a Paris month: alerts at 80, 90 and 100 %, and a stop for who wants one.

What was spent is the sum of `usage_days` and nothing stored elsewhere. A fold that adds to an editor's days settles his budget
in the same transaction, so a stop holds a few seconds after the call that used the budget up. What may be spent beyond it is
bounded: the replies that were waiting or being written at that moment, and those to messages of one interval of the fold (2 s,
`workers/schedule.py`). A message that is refused costs nothing and counts nowhere; a failed reply is not written again either.
A call of a model without a price counts for the dearest price known that day (`UsageLog.unpriced_eur`), so that no model escapes the
stop; that estimate is charged to nobody, and a price of 0 says that a model is free.
Calls paid by an account's own key count for nothing here. The stop holds for all of his assistants, whatever key they answer
with: behind an own key stands the platform's, which answers when the own one fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, text

from app.audit.service import record
from app.billing import jobs
from app.billing.models import Budget, UsageDay
from app.billing.quotas import begins, next_month
from app.core import clock
from app.core import format as french
from app.core.errors import InvalidError, LimitError
from app.core.jobs import enqueue_after_commit
from app.extensions import db

LEVELS = (80, 90, 100)
MAX_AMOUNT = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget beside what this Paris month has cost; `unpriced` is the part of `spent` that is estimated, for want of a price."""

    amount: Decimal
    spent: Decimal
    hard_stop: bool
    month: str
    unpriced: Decimal = Decimal(0)

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 is said only when it is reached."""
        return int(self.spent * 100 // self.amount)

    @property
    def is_spent(self) -> bool:
        """Whether nothing of it is left."""
        return self.spent >= self.amount

    @property
    def kind(self) -> str:
        """The colour of its bar."""
        return "bad" if self.is_spent else "wait" if self.percent >= LEVELS[0] else "info"


def budget_of(editor_id: str) -> BudgetState | None:
    """The budget of an editor in this month; None: he has none."""
    return budgets_of([editor_id]).get(editor_id)


def budgets_of(editor_ids: Collection[str]) -> dict[str, BudgetState]:
    """The budgets of these editors in this month, of those who have one."""
    month = clock.paris_month()
    spent = _spent(month, UsageDay.editor_id.in_(editor_ids)).add_columns(UsageDay.editor_id).group_by(UsageDay.editor_id).subquery()
    held = (
        select(Budget, spent.c.eur, spent.c.unpriced)
        .outerjoin(spent, spent.c.editor_id == Budget.editor_id)
        .where(Budget.editor_id.in_(editor_ids))
    )
    return {
        budget.editor_id: BudgetState(budget.amount_eur, eur or Decimal(0), budget.hard_stop, month, unpriced or Decimal(0))
        for budget, eur, unpriced in db.session.execute(held)
    }


def spent_by(editor_id: str, month: str) -> Decimal:
    """What the platform's keys cost for an editor in a Paris month, calls not folded yet left out."""
    return db.session.scalar(_spent(month, UsageDay.editor_id == editor_id)) or Decimal(0)


def spent_out(editor_id: str | None) -> bool:
    """Whether the editor's budget is used up and he is to be stopped there: for what is asked in portals. Asks one row by its key."""
    if editor_id is None:
        return False
    stopped = select(Budget.editor_id).where(Budget.editor_id == editor_id, Budget.hard_stop, Budget.spent_month == clock.paris_month())
    return db.session.scalar(stopped) is not None


def refuse_spent_out(editor_id: str | None) -> None:
    """Raises LimitError when `spent_out`: nothing more is asked at the platform's expense in this month."""
    if spent_out(editor_id):
        now = clock.now()
        end = next_month(clock.paris_day(now))
        raise LimitError(
            f"Le budget IA {french.de(french.month(clock.paris_month(now)))} est épuisé. Écrivez à la plateforme pour le relever.",
            code="budget_exceeded",
            retry_after=max(1, int((begins(end) - now).total_seconds())),
        )


def set_budget(editor_id: str, amount: Decimal, *, hard_stop: bool) -> Budget:
    """Give an editor a budget or another one; it holds at once, on the month as it is. Raises InvalidError by field."""
    if not 0 < amount <= MAX_AMOUNT or amount != amount.quantize(Decimal("0.01")):
        raise InvalidError("Le montant est à corriger.", {"amount": ["Un montant en euros, entre 0,01 et 1 000 000."]})
    budget = _locked(editor_id) or Budget(editor_id=editor_id)
    budget.amount_eur, budget.hard_stop, budget.changed_at = amount, hard_stop, clock.now()
    db.session.add(budget)
    db.session.flush()
    _settle(budget, clock.paris_month())
    record("budget.set", editor_id, amount_eur=str(amount), hard_stop=hard_stop)
    enqueue_after_commit(jobs.tell_budget_alerts)
    return budget


def drop_budget(editor_id: str) -> None:
    """Take the budget back: nothing limits what the editor costs. Harmless when he has none."""
    budget = _locked(editor_id)
    if budget is None:
        return
    db.session.delete(budget)
    db.session.execute(_FORGET_ALL, {"editor": editor_id, "month": clock.paris_month()})
    record("budget.removed", editor_id)


def settle(spent: Iterable[tuple[str, str]]) -> bool:
    """Compare budgets with the sums of months that grew, as (editor, month); True when levels were reached that nobody was told.

    Each budget is locked before its days are summed: of two folds at once, the second sees what the first added.
    """
    grown = sorted(set(spent))
    held = select(Budget).where(Budget.editor_id.in_({editor for editor, _ in grown})).order_by(Budget.editor_id)
    budgets = {budget.editor_id: budget for budget in db.session.scalars(held.with_for_update())}
    return any([_settle(budgets[editor], month) for editor, month in grown if editor in budgets])


def _locked(editor_id: str) -> Budget | None:
    return db.session.scalar(select(Budget).where(Budget.editor_id == editor_id).with_for_update())


def _settle(budget: Budget, month: str) -> bool:
    """Forget the levels of a month that are no longer reached, note those that now are; True when there are new ones."""
    spent = spent_by(budget.editor_id, month)
    if month == clock.paris_month():
        budget.spent_month = month if spent >= budget.amount_eur else None
    db.session.flush()
    reached = [level for level in LEVELS if spent * 100 >= budget.amount_eur * level]
    values = {"editor": budget.editor_id, "month": month, "reached": reached}
    db.session.execute(_FORGET, values)
    return bool(db.session.execute(_NOTE, values | {"now": clock.now()}).rowcount)


def _spent(month: str, whose: ColumnElement[bool]) -> Select[Any]:
    first = date.fromisoformat(f"{month}-01")
    counted = func.sum(UsageDay.cost_eur + UsageDay.unpriced_eur).label("eur")
    return select(counted, func.sum(UsageDay.unpriced_eur).label("unpriced")).where(
        whose, UsageDay.day >= first, UsageDay.day < next_month(first), UsageDay.paid_by == ""
    )


_FORGET = text("DELETE FROM budget_alerts WHERE editor_id = :editor AND month = :month AND NOT level = ANY (CAST(:reached AS integer[]))")
_FORGET_ALL = text("DELETE FROM budget_alerts WHERE editor_id = :editor AND month = :month")
_NOTE = text(
    "INSERT INTO budget_alerts (editor_id, month, level, created_at) "
    "SELECT :editor, :month, l, CAST(:now AS timestamptz) FROM unnest(CAST(:reached AS integer[])) l ON CONFLICT DO NOTHING"
)
