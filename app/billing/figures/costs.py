"""Costs of a period, whole and by day, editor, agent, deployment, model and purpose: one statement for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Subquery, func, select, tuple_

from app.billing.figures.wanted import NONE, Wanted, facts
from app.extensions import db

AXES: dict[str, tuple[str, ...]] = {
    "days": ("day",),
    "editors": ("editor_id",),
    "agents": ("agent_id",),
    "deployments": ("deployment_id",),
    "models": ("provider", "model"),
    "purposes": ("purpose",),
}
_GROUPED = ("day", "editor_id", "agent_id", "deployment_id", "provider", "model", "purpose")


@dataclass(frozen=True, slots=True)
class Figure:
    """What a group of calls used. `key`: its day, editor, agent…; for a model, « provider/model ».

    `cost` is paid by the platform's keys, `own_cost` by keys of editors and artisans; both in EUR. `free_calls` are answers of another
    provider than the built-in one that cost nothing.
    """

    key: Any
    calls: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated_calls: int = 0
    cost: Decimal = Decimal(0)
    own_cost: Decimal = Decimal(0)
    own_calls: int = 0
    latency_ms: int | None = None
    tenants: int = 0
    free_calls: int = 0

    @property
    def tokens(self) -> int:
        """Read and written."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def whole_cost(self) -> Decimal:
        """Whoever paid."""
        return self.cost + self.own_cost

    @property
    def success(self) -> float | None:
        """The share (0 to 1) of its calls that succeeded; None without a call."""
        return (self.calls - self.failures) / self.calls if self.calls else None

    @property
    def unpriced(self) -> bool:
        """Answers of a provider other than the built-in one, for nothing: its price is not in the catalogue."""
        return self.whole_cost == 0 and self.free_calls > 0


@dataclass(frozen=True, slots=True)
class CostFigures:
    """A period. Every day is there, in order, also an empty one; the groups come dearest first."""

    total: Figure
    days: list[Figure]
    editors: list[Figure] = field(default_factory=list)
    agents: list[Figure] = field(default_factory=list)
    deployments: list[Figure] = field(default_factory=list)
    models: list[Figure] = field(default_factory=list)
    purposes: list[Figure] = field(default_factory=list)


def cost_figures(wanted: Wanted) -> CostFigures:
    """The figures of what is wanted, as the acting person may see it."""
    used = facts(wanted)
    sets = (tuple_(*(used.c[name] for name in names)) for names in AXES.values())
    level = func.grouping(*(used.c[name] for name in _GROUPED)).label("level")
    keys = [used.c[name] for name in _GROUPED]
    rows = db.session.execute(select(level, *keys, *_sums(used)).select_from(used).group_by(func.grouping_sets(tuple_(), *sets))).all()
    levels = {_level(names): axis for axis, names in AXES.items()}
    found: dict[str, list[Figure]] = {axis: [] for axis in AXES}
    total = Figure(None)
    for row in rows:
        axis = levels.get(row.level)
        if axis is None:
            total = _figure(None, row)
        else:
            found[axis].append(_figure(_key(axis, row), row))
    days = {figure.key: figure for figure in found.pop("days")}
    for group in found.values():
        group.sort(key=lambda figure: (-figure.cost, -figure.own_cost, -figure.calls, str(figure.key)))
    return CostFigures(total, [days.get(day, Figure(day)) for day in wanted.days()], **found)


def cost_rows(wanted: Wanted) -> Sequence[Row[Any]]:
    """The finest lines kept, for an export: by day, editor, agent, deployment, model, purpose, and who pays."""
    used = facts(wanted)
    names = ("day", "editor_id", "agent_id", "deployment_id", "provider", "model", "purpose")
    keys = [used.c[name] for name in names]
    own = (used.c.paid_by != NONE).label("own")
    return db.session.execute(select(*keys, own, *_sums(used)).group_by(*keys, own).order_by(*keys, own)).all()


@dataclass(frozen=True, slots=True)
class Names:
    """Whose calls and which models a period has, for filters: ids, and « provider/model »."""

    editors: list[str]
    agents: list[str]
    deployments: list[str]
    models: list[str]


def used_names(wanted: Wanted) -> Names:
    """The names met in a period."""
    used = facts(wanted).c
    keys = (used.editor_id, used.agent_id, used.deployment_id, used.provider, used.model)
    sets = func.grouping_sets(tuple_(used.editor_id), tuple_(used.agent_id), tuple_(used.deployment_id), tuple_(used.provider, used.model))
    rows = db.session.execute(select(*keys).group_by(sets)).all()
    return Names(
        sorted(row.editor_id for row in rows if row.editor_id),
        sorted(row.agent_id for row in rows if row.agent_id),
        sorted(row.deployment_id for row in rows if row.deployment_id),
        sorted(f"{row.provider}/{row.model}" for row in rows if row.model is not None),
    )


def _sums(used: Subquery) -> list[ColumnElement[Any]]:
    c = used.c
    tenant = func.coalesce(func.nullif(c.editor_id, NONE), func.nullif(c.artisan_id, NONE))
    own = c.paid_by != NONE
    return [
        _sum(c.calls).label("calls"),
        _sum(c.failures).label("failures"),
        _sum(c.prompt_tokens).label("prompt_tokens"),
        _sum(c.completion_tokens).label("completion_tokens"),
        _sum(c.estimated_calls).label("estimated_calls"),
        func.coalesce(func.sum(c.cost_eur).filter(~own), 0).label("cost"),
        func.coalesce(func.sum(c.cost_eur).filter(own), 0).label("own_cost"),
        func.coalesce(func.sum(c.calls).filter(own), 0).label("own_calls"),
        _sum(c.latency_ms_sum).label("latency_ms_sum"),
        func.count(tenant.distinct()).label("tenants"),
        func.coalesce(func.sum(c.calls - c.failures).filter(c.cost_eur == 0, c.provider != "local"), 0).label("free_calls"),
    ]


def _sum(column: Any) -> ColumnElement[Any]:
    return func.coalesce(func.sum(column), 0)


def _level(names: tuple[str, ...]) -> int:
    """What GROUPING() says of a set: a bit per column, 0 when it is part of it."""
    return sum(1 << place for place, name in enumerate(reversed(_GROUPED)) if name not in names)


def _key(axis: str, row: Any) -> str | date:
    if axis == "models":
        return f"{row.provider}/{row.model}"
    value: str | date = getattr(row, AXES[axis][0])
    return value


def _figure(key: Any, row: Any) -> Figure:
    calls = int(row.calls)
    return Figure(
        key=key,
        calls=calls,
        failures=int(row.failures),
        prompt_tokens=int(row.prompt_tokens),
        completion_tokens=int(row.completion_tokens),
        estimated_calls=int(row.estimated_calls),
        cost=Decimal(row.cost),
        own_cost=Decimal(row.own_cost),
        own_calls=int(row.own_calls),
        latency_ms=round(row.latency_ms_sum / calls) if calls else None,
        tenants=row.tenants,
        free_calls=int(row.free_calls),
    )
