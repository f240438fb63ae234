"""Comparisons as pages show them: answers side by side, totals, history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, func, select

from app.evaluation.comparing import AGAIN, SIDES
from app.evaluation.models import Comparison, Trial
from app.evaluation.playground import UNFINISHED
from app.extensions import db


@dataclass(frozen=True, slots=True)
class Totals:
    """What one side came to. `passed` of `count` questions; latency is the mean of the answers that came."""

    side: str
    count: int
    passed: int
    failed: int
    tokens: int
    cost_eur: Decimal
    unpriced: bool
    latency_ms: int | None

    @property
    def score(self) -> int:
        """In per cent, rounded down."""
        return self.passed * 100 // self.count if self.count else 0


@dataclass(frozen=True, slots=True)
class Pair:
    """The two answers to one question."""

    question: dict[str, Any]
    messages: list[str]
    sides: dict[str, Trial]


@dataclass(frozen=True, slots=True)
class Result:
    """A comparison whole."""

    run: Comparison
    pairs: list[Pair]
    totals: dict[str, Totals]
    ended: int
    count: int
    lost: int
    """Trials that failed or were given up."""

    @property
    def is_over(self) -> bool:
        return self.ended == self.count

    @property
    def state(self) -> str:
        """For `ui.status_pill`."""
        return "running" if not self.is_over else "cancelled" if self.run.cancelled_at else "done"


def result_of(run: Comparison) -> Result:
    """Everything of a comparison, in two queries."""
    trials = db.session.scalars(select(Trial).where(Trial.run_id == run.id).order_by(Trial.position, Trial.side)).all()
    pairs: dict[int, Pair] = {}
    for trial in trials:
        asked = [turn["text"] for turn in trial.turns]
        pairs.setdefault(trial.position, Pair(trial.question, asked, {})).sides[trial.side] = trial
    return Result(
        run,
        list(pairs.values()),
        {side: _totals(side, [trial for trial in trials if trial.side == side]) for side in SIDES},
        ended=sum(trial.status not in UNFINISHED for trial in trials),
        count=len(trials),
        lost=sum(trial.status in AGAIN for trial in trials),
    )


def _totals(side: str, trials: Sequence[Trial]) -> Totals:
    cost = sum((trial.cost_eur for trial in trials), Decimal(0))
    came = [trial.latency_ms for trial in trials if trial.latency_ms is not None]
    return Totals(
        side=side,
        count=len(trials),
        passed=sum(bool(trial.passed) for trial in trials),
        failed=sum(trial.status == "failed" for trial in trials),
        tokens=sum(trial.prompt_tokens + trial.completion_tokens for trial in trials),
        cost_eur=cost,
        unpriced=cost == 0 and any(trial.unpriced for trial in trials),
        latency_ms=round(sum(came) / len(came)) if came else None,
    )


def history(agent_id: str) -> Select[Any]:
    """Every comparison of an agent, as `Comparison`."""
    return select(Comparison).where(Comparison.agent_id == agent_id)


def standings(run_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """For each comparison: questions, trials ended and in all, passed by side, cost, and whether it is for want of a price."""
    ended, passed = ~Trial.status.in_(UNFINISHED), Trial.passed.is_(True)
    rows = db.session.execute(
        select(
            Trial.run_id,
            func.count().label("count"),
            func.count().filter(ended).label("ended"),
            func.count().filter(passed, Trial.side == "a").label("a"),
            func.count().filter(passed, Trial.side == "b").label("b"),
            func.sum(Trial.cost_eur).label("cost_eur"),
            and_(func.sum(Trial.cost_eur) == 0, func.bool_or(Trial.unpriced)).label("unpriced"),
        )
        .where(Trial.run_id.in_(list(run_ids)))
        .group_by(Trial.run_id)
    ).all()
    return {row.run_id: {**row._mapping, "questions": row._mapping["count"] // len(SIDES)} for row in rows}
