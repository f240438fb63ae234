"""Editors as the platform's administrators read them: usage, deployments, health of their webhooks (003 §7.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from app.billing.models import UsageCounter
from app.core import clock
from app.core.search import has_words
from app.deployments.models import Deployment
from app.extensions import db
from app.identity.admin_queries import DISPLAY_NAME, holds
from app.identity.models import User
from app.webhooks.models import Delivery, WebhookEndpoint

FAILING_FOR = timedelta(hours=24)


def failing() -> ColumnElement[bool]:
    """A delivery in trouble: given up in the last 24 hours, or waiting for another try."""
    recent = (Delivery.status == "failed") & (Delivery.created_at > clock.now() - FAILING_FOR)
    return recent | ((Delivery.status == "queued") & (Delivery.attempts > 0))


def editors(*, query: str = "", status: str = "", only_failing: bool = False) -> Select[Any]:
    """Every editor with its deployments and what it used this Paris month, to be paged by `display_name`, `sessions` or `messages`."""
    deployments = select(func.count()).where(Deployment.editor_id == User.id).scalar_subquery()
    statement = (
        select(
            User.id,
            User.name,
            User.email,
            User.status,
            User.last_seen_at,
            DISPLAY_NAME,
            deployments.label("deployments"),
            func.coalesce(UsageCounter.sessions, 0).label("sessions"),
            func.coalesce(UsageCounter.messages, 0).label("messages"),
        )
        .outerjoin(UsageCounter, (UsageCounter.tenant_id == User.id) & (UsageCounter.month == clock.paris_month()))
        .where(holds("editeur"))
    )
    if query:
        statement = statement.where(has_words(User.search, query))
    if status:
        statement = statement.where(User.status == status)
    if only_failing:
        statement = statement.where(User.id.in_(select(Delivery.editor_id).where(failing())))
    return statement


def usage_of(tenant_id: str, months: int = 6) -> list[UsageCounter]:
    """The counters of a tenant in its last months, newest first."""
    return list(
        db.session.scalars(
            select(UsageCounter).where(UsageCounter.tenant_id == tenant_id).order_by(UsageCounter.month.desc()).limit(months)
        )
    )


def webhook_health(editor_id: str) -> list[Any]:
    """The subscriptions of an editor with, over the last 24 hours, how many deliveries arrived and how many are in trouble."""
    since = clock.now() - FAILING_FOR
    arrived = func.count().filter((Delivery.status == "success") & (Delivery.created_at > since))
    return list(
        db.session.execute(
            select(WebhookEndpoint, arrived.label("arrived"), func.count().filter(failing()).label("failing"))
            .outerjoin(Delivery, Delivery.endpoint_id == WebhookEndpoint.id)
            .where(WebhookEndpoint.editor_id == editor_id)
            .group_by(WebhookEndpoint.id)
            .order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)
        )
    )
