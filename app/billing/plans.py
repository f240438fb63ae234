"""Plans, and who holds one (003 §9.1). What the plan gives caps every deployment of its editor (PRODUCT.md, Limits)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from app.audit.service import record
from app.billing.alerts import settle_levels
from app.billing.models import Plan, Subscription
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.text import fold
from app.extensions import db
from app.identity.models import User

MAX_LIMIT = 1_000_000_000
LIMITS = ("sessions_month", "messages_month", "deployments")
"""What a plan limits, and a subscription may replace."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an editor may use: his plan's limits, or what was agreed with him. None: without limit."""

    plan_name: str
    sessions_month: int | None
    messages_month: int | None
    deployments: int | None


@dataclass(frozen=True, slots=True)
class PlanValues:
    """A plan as it is typed; None: without limit, or a price agreed on."""

    name: str
    sessions_month: int | None
    messages_month: int | None
    deployments: int | None
    price_month: Decimal | None
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed with an editor. `overrides` holds only the limits that replace the plan's."""

    plan_id: str
    overrides: dict[str, int | None]
    suspends_on_overrun: bool = True
    unpaid_since: date | None = None


def all_plans(*, offered_only: bool = False) -> Sequence[Any]:
    """Each plan as `Plan`, with how many editors hold it (`holders`), in their order."""
    holders = select(func.count()).where(Subscription.plan_id == Plan.id).scalar_subquery()
    statement = select(Plan, holders.label("holders")).order_by(Plan.position, Plan.name)
    return db.session.execute(statement.where(Plan.is_active) if offered_only else statement).all()


def plan_by_id(plan_id: str) -> Plan:
    """A plan. Raises NotFoundError."""
    plan = db.session.get(Plan, plan_id)
    if plan is None:
        raise NotFoundError("Ce forfait n’existe pas.", code="unknown_plan")
    return plan


def save_plan(values: PlanValues, plan_id: str | None = None) -> Plan:
    """Create a plan, or change one: its limits hold at once for everybody who has it. Raises InvalidError by field."""
    name = " ".join(values.name.split())
    errors = {
        field: ["Un nombre entre 1 et un milliard, ou rien."]
        for field in LIMITS
        if (limit := getattr(values, field)) is not None and not 1 <= limit <= MAX_LIMIT
    }
    if not name:
        errors["name"] = ["Donnez un nom à ce forfait."]
    if values.price_month is not None and not 0 <= values.price_month <= 1_000_000:
        errors["price_month"] = ["Un prix positif, ou rien : sur devis."]
    taken = select(Plan.id).where(func.lower(Plan.name) == name.lower(), Plan.id != (plan_id or ""))
    if name and db.session.scalar(taken):
        errors["name"] = ["Un autre forfait porte ce nom."]
    if errors:
        raise InvalidError("Le forfait est à corriger.", errors)
    plan = plan_by_id(plan_id) if plan_id else _new_plan(name)
    plan.name, plan.price_month, plan.is_active = name, values.price_month, values.is_active
    plan.sessions_month, plan.messages_month, plan.deployments = values.sessions_month, values.messages_month, values.deployments
    db.session.flush()
    settle_levels()
    record("plan.saved", plan.id, name=plan.name)
    return plan


def _new_plan(name: str) -> Plan:
    last = db.session.scalar(select(func.max(Plan.position))) or 0
    slug = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-") or "forfait"
    taken = set(db.session.scalars(select(Plan.slug)))
    free = next(name for name in (slug, *(f"{slug}-{number}" for number in range(2, len(taken) + 3))) if name not in taken)
    plan = Plan(slug=free, position=last + 1)
    db.session.add(plan)
    return plan


def subscription_of(editor_id: str) -> Subscription | None:
    """What is agreed with an editor; None: no plan, so no limit."""
    return db.session.get(Subscription, editor_id)


def subscribe(editor_id: str, terms: Terms) -> Subscription:
    """Give an editor a plan, or other terms. Raises NotFoundError (unknown plan), InvalidError by field."""
    errors = {
        name: ["Un nombre entre 1 et un milliard."]
        for name, limit in terms.overrides.items()
        if name not in LIMITS or (limit is not None and not 1 <= limit <= MAX_LIMIT)
    }
    if errors:
        raise InvalidError("Le forfait est à corriger.", errors)
    plan = plan_by_id(terms.plan_id)
    found = db.session.get(Subscription, editor_id, with_for_update=True)
    if found is None:
        found = Subscription(editor_id=editor_id)
        db.session.add(found)
    another = found.suspended_for == "unpaid" and terms.unpaid_since not in (None, found.unpaid_since)
    if another and db.session.get_one(User, editor_id).status != "suspended":
        found.suspended_for = None  # an administrator had lifted it; another invoice has a delay of its own
    found.plan_id, found.overrides, found.unpaid_since = plan.id, dict(terms.overrides), terms.unpaid_since
    found.suspends_on_overrun = terms.suspends_on_overrun
    db.session.flush()
    settle_levels(editor_id)
    unpaid = terms.unpaid_since.isoformat() if terms.unpaid_since else None
    agreed = ", ".join(f"{name} {'∞' if limit is None else limit}" for name, limit in sorted(terms.overrides.items()))
    record("plan.subscribed", editor_id, name=plan.name, limits=agreed, unpaid_since=unpaid)
    return found


def unsubscribe(editor_id: str) -> None:
    """Take an editor's plan back: he has no limit then."""
    found = subscription_of(editor_id)
    if found is None:
        return
    if found.suspended_for:
        raise ConflictError("Ce compte est suspendu par son forfait : rétablissez-le d’abord.", code="suspended_by_plan")
    db.session.delete(found)
    db.session.flush()
    settle_levels(editor_id)
    record("plan.unsubscribed", editor_id)


def limits_of(editor_id: str) -> Limits | None:
    """What an editor may use; None without a plan."""
    row = db.session.execute(
        select(Subscription, Plan).join(Plan, Plan.id == Subscription.plan_id).where(Subscription.editor_id == editor_id)
    ).one_or_none()
    return effective_limits(row.Subscription, row.Plan) if row else None


def effective_limits(subscription: Subscription, plan: Plan) -> Limits:
    """The plan's limits with what was agreed otherwise."""
    values = {name: subscription.overrides.get(name, getattr(plan, name)) for name in LIMITS}
    return Limits(plan_name=plan.name, **values)
