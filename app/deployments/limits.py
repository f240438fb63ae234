"""How an editor shares his plan between his deployments: so much a day, so many requests a minute and address (003 §12.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.agents.models import Agent
from app.audit.service import record
from app.billing.plans import limits_of
from app.core.errors import ConflictError, InvalidError
from app.core.format import number
from app.core.locks import hold
from app.deployments.models import Deployment
from app.deployments.rates import HIGHEST, forget_rate, lowest_rate
from app.extensions import db

UNBOUNDED = 1_000_000
"""The most that may be written for a day where no plan says less."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between what a deployment's limits lie: the master's rate below, the editor's plan above."""

    lowest_rate: int
    highest_rate: int
    sessions_day: int
    messages_day: int
    plan_name: str | None


def bounds_of(deployment: Deployment) -> Bounds:
    """The bounds of a deployment."""
    agent = db.session.get_one(Agent, deployment.agent_id)
    limits = limits_of(deployment.editor_id) if deployment.editor_id else None
    return Bounds(
        lowest_rate=lowest_rate(agent),
        highest_rate=HIGHEST,
        sessions_day=(limits.sessions_month if limits else None) or UNBOUNDED,
        messages_day=(limits.messages_month if limits else None) or UNBOUNDED,
        plan_name=limits.plan_name if limits else None,
    )


def check_room(editor_id: str) -> None:
    """Refuse one more deployment in service than the plan gives (409 `plan_deployments_reached`).

    Whoever opens another for the same editor waits here until the end of this transaction.
    """
    limits = limits_of(editor_id)
    if limits is None or limits.deployments is None:
        return
    hold(f"deployments:{editor_id}")
    in_service = db.session.scalar(select(func.count()).where(Deployment.editor_id == editor_id, Deployment.is_active)) or 0
    if in_service >= limits.deployments:
        many = "déploiements" if limits.deployments > 1 else "déploiement"
        raise ConflictError(
            f"Le forfait {limits.plan_name} comprend {limits.deployments} {many} en service. Désactivez-en un, ou changez de forfait.",
            code="plan_deployments_reached",
            details={"deployments": limits.deployments},
        )


def change_limits(deployment: Deployment, values: dict[str, Any]) -> None:
    """Set some of `rate_limit_per_ip`, `max_sessions_day` and `max_messages_day` (None: no limit a day), in force at once.

    Raises InvalidError by field.
    """
    bounds = bounds_of(deployment)
    ranges = {
        "rate_limit_per_ip": (bounds.lowest_rate, bounds.highest_rate),
        "max_sessions_day": (1, bounds.sessions_day),
        "max_messages_day": (1, bounds.messages_day),
    }
    errors = {}
    for name, (low, high) in ranges.items():
        value = values.get(name)
        if name not in values or (value is None and name != "rate_limit_per_ip"):
            continue
        if not isinstance(value, int) or not low <= value <= high:
            errors[name] = [f"Un nombre entre {number(low)} et {number(high)}."]
    if errors:
        raise InvalidError("Une limite est à corriger.", errors)
    changed = {name: values[name] for name in ranges if name in values and values[name] != getattr(deployment, name)}
    for name, value in changed.items():
        setattr(deployment, name, value)
    if changed:
        forget_rate(deployment.id)
        record("deployment.limits_changed", deployment.id, **changed)
