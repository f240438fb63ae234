"""Plans, who holds one, usage counters that never drift from the facts, and one log line per model call (003 §9)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import STAFF, TENANT, Money, Policy, by_role, created, primary_id, user_ref
from app.extensions import db

CallCost = Numeric(14, 8)
NOTHING = Decimal(0)


class Plan(db.Model):  # type: ignore[name-defined]
    """What an editor may use in a Paris month. A limit that is NULL is none; a price that is NULL is agreed on."""

    __tablename__ = "plans"
    __table_args__ = (
        CheckConstraint("sessions_month > 0 AND messages_month > 0 AND deployments > 0", name="limits"),
        {"info": {"rls": Policy("app_staff() OR (app_kind() = 'user' AND app_role() = 'editeur')", write=STAFF)}},
    )

    id: Mapped[str] = primary_id("pln")
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    sessions_month: Mapped[int | None] = mapped_column(Integer)
    messages_month: Mapped[int | None] = mapped_column(Integer)
    deployments: Mapped[int | None] = mapped_column(Integer)
    price_month: Mapped[Decimal | None] = mapped_column(Money)
    position: Mapped[int] = mapped_column(Integer, default=0)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, doc="Offered to editors who do not have it yet.")
    created_at: Mapped[datetime] = created()


class Subscription(db.Model):  # type: ignore[name-defined]
    """The plan of an editor, what was agreed otherwise, and why the house suspended him by itself. No row: no limit."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint("suspended_for IN ('overrun', 'unpaid')", name="suspended_for"),
        {"info": {"rls": Policy(by_role(editeur="editor_id"), write=STAFF)}},
    )

    editor_id: Mapped[str] = mapped_column(Text, ForeignKey("users.id"), primary_key=True)
    plan_id: Mapped[str] = mapped_column(Text, ForeignKey("plans.id"), index=True)
    overrides: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, doc="Limits that replace the plan's; null: none.")
    since: Mapped[datetime] = created()
    suspends_on_overrun: Mapped[bool] = mapped_column(Boolean, default=True)
    unpaid_since: Mapped[date | None] = mapped_column(Date)
    suspended_for: Mapped[str | None] = mapped_column(Text)
    suspended_month: Mapped[str | None] = mapped_column(Text, doc="Suspended by the house in this month already: not twice.")
    suspended_reason: Mapped[str | None] = mapped_column(Text, doc="As written on the account: another one there is an administrator's.")


class UsageCounter(db.Model):  # type: ignore[name-defined]
    """Sessions and messages of one tenant in one Paris month; changed in the fact's own transaction, by `spend_quota` alone."""

    __tablename__ = "usage_counters"
    __table_args__ = ({"info": {"rls": Policy(by_role(editeur="tenant_id", artisan="tenant_id"), write=STAFF)}},)

    tenant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    month: Mapped[str] = mapped_column(Text, primary_key=True, doc="YYYY-MM in Paris.")
    sessions: Mapped[int] = mapped_column(Integer, default=0)
    messages: Mapped[int] = mapped_column(Integer, default=0)
    refused_sessions: Mapped[int] = mapped_column(
        Integer, default=0, server_default="0", doc="Attempts over the plan, counted by the minute."
    )
    refused_messages: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class DeploymentUsage(db.Model):  # type: ignore[name-defined]
    """Sessions and messages of one deployment in one Paris day."""

    __tablename__ = "deployment_usage"
    __table_args__ = ({"info": {"rls": Policy(by_role(editeur="editor_id"), write=STAFF)}},)

    deployment_id: Mapped[str] = mapped_column(Text, ForeignKey("deployments.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    editor_id: Mapped[str | None] = mapped_column(Text)
    sessions: Mapped[int] = mapped_column(Integer, default=0)
    messages: Mapped[int] = mapped_column(Integer, default=0)


class LinkUsage(db.Model):  # type: ignore[name-defined]
    """Sessions of one artisan through one editor in one Paris month."""

    __tablename__ = "link_usage"
    __table_args__ = ({"info": {"rls": Policy(by_role(editeur="editor_id", artisan="artisan_id"), write=STAFF)}},)

    editor_link_id: Mapped[str] = mapped_column(Text, ForeignKey("editor_links.id", ondelete="CASCADE"), primary_key=True)
    month: Mapped[str] = mapped_column(Text, primary_key=True)
    editor_id: Mapped[str | None] = mapped_column(Text)
    artisan_id: Mapped[str | None] = mapped_column(Text)
    sessions: Mapped[int] = mapped_column(Integer, default=0)


class QuotaAlert(db.Model):  # type: ignore[name-defined]
    """A share of a plan's limit that was reached, once a month; written with the message that reached it, told by a job."""

    __tablename__ = "quota_alerts"
    __table_args__ = (
        CheckConstraint("kind IN ('sessions', 'messages') AND level IN (80, 90, 100)", name="level"),
        Index("ix_quota_alerts_untold", "created_at", postgresql_where="told_at IS NULL"),
        {"info": {"rls": Policy(by_role(editeur="tenant_id"), write=STAFF)}},
    )

    tenant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    month: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    level: Mapped[int] = mapped_column(Integer, primary_key=True)
    created_at: Mapped[datetime] = created()
    told_at: Mapped[datetime | None]


LOG_READ = by_role(system=TENANT, editeur="editor_id", artisan="artisan_id") + " OR (app_kind() = 'user' AND user_id = app_user())"
"""What calls cost is for those who pay and for who asked; the people of a conversation have no part in it."""
LOG_WRITE = by_role(system=TENANT)
LOG_INSERT = """
  app_staff() OR CASE
    WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) AND NOT counted AND CASE
      WHEN session_id IS NULL THEN artisan_id IS NULL OR artisan_id = app_artisan()
      ELSE app_sees_session(session_id, editor_id, artisan_id, particulier_id) END
    WHEN app_kind() = 'user' THEN user_id = app_user() AND session_id IS NULL AND particulier_id IS NULL AND NOT counted
      AND (editor_id IS NULL OR (app_role() = 'editeur' AND editor_id = app_account()))
      AND (artisan_id IS NULL OR (app_role() = 'artisan' AND artisan_id = app_account()))
    ELSE false END
"""
"""A call of a conversation is its tenant's job's; one that somebody asked for in his portal is his own. Only the platform counts it."""


class UsageLog(db.Model):  # type: ignore[name-defined]
    """One call of a model, and what it cost. Added up by day by `folding.fold` alone, which says so in `counted`."""

    __tablename__ = "usage_logs"
    __table_args__ = (
        CheckConstraint("purpose IN ('reply', 'playground', 'evaluation', 'assist', 'content')", name="purpose"),
        CheckConstraint("cost >= 0 AND cost_eur >= 0", name="cost"),
        CheckConstraint("unpriced_eur >= 0", name="unpriced"),
        Index(None, "editor_id", "created_at"),
        Index(None, "agent_id", "created_at"),
        Index(None, "created_at", "id"),
        Index("ix_usage_logs_uncounted", "created_at", postgresql_where="NOT counted"),
        Index("ix_usage_logs_failed", "created_at", postgresql_where="NOT success"),
        {"info": {"rls": Policy(LOG_READ, write=LOG_WRITE, insert=LOG_INSERT)}},
    )

    id: Mapped[str] = primary_id("use")
    session_id: Mapped[str | None] = mapped_column(Text, index=True)
    message_id: Mapped[str | None] = mapped_column(Text)
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    particulier_id: Mapped[str | None] = user_ref()
    deployment_id: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[str | None] = mapped_column(Text, doc="Who asked, in a portal.")
    agent_id: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text, default="reply", server_default="reply")
    provider: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    prompt_tokens: Mapped[int] = mapped_column(Integer)
    completion_tokens: Mapped[int] = mapped_column(Integer)
    estimated: Mapped[bool] = mapped_column(Boolean)
    latency_ms: Mapped[int] = mapped_column(Integer)
    ttft_ms: Mapped[int | None] = mapped_column(Integer)
    success: Mapped[bool] = mapped_column(Boolean)
    error_class: Mapped[str | None] = mapped_column(Text)
    paid_by: Mapped[str | None] = mapped_column(Text, doc="The account whose key was used; NULL: the platform's.")
    cost: Mapped[Decimal] = mapped_column(CallCost, default=NOTHING, server_default="0", doc="In `currency`, at the price of that day.")
    currency: Mapped[str] = mapped_column(Text, default="EUR", server_default="EUR")
    cost_eur: Mapped[Decimal] = mapped_column(CallCost, default=NOTHING, server_default="0")
    unpriced_eur: Mapped[Decimal] = mapped_column(
        CallCost, default=NOTHING, server_default="0", doc="What budgets count for it where no price is known; nobody is charged it."
    )
    counted: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false", doc="Its amounts are in `usage_days`.")
    created_at: Mapped[datetime] = created()


class UsageDay(db.Model):  # type: ignore[name-defined]
    """The sums of the calls of one Paris day that have everything below in common; '' where a call has none. Written by `folding` alone."""

    __tablename__ = "usage_days"
    __table_args__ = (
        Index(None, "agent_id", "day"),
        Index(None, "day"),
        {"info": {"rls": Policy(by_role(editeur="editor_id", artisan="artisan_id"), write=STAFF)}},
    )

    editor_id: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    agent_id: Mapped[str] = mapped_column(Text, primary_key=True)
    artisan_id: Mapped[str] = mapped_column(Text, primary_key=True)
    deployment_id: Mapped[str] = mapped_column(Text, primary_key=True)
    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    model: Mapped[str] = mapped_column(Text, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    paid_by: Mapped[str] = mapped_column(Text, primary_key=True)
    calls: Mapped[int] = mapped_column(Integer)
    failures: Mapped[int] = mapped_column(Integer)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger)
    completion_tokens: Mapped[int] = mapped_column(BigInteger)
    estimated_calls: Mapped[int] = mapped_column(Integer)
    cost_eur: Mapped[Decimal] = mapped_column(Numeric(18, 8))
    unpriced_eur: Mapped[Decimal] = mapped_column(Numeric(18, 8), default=NOTHING, server_default="0")
    latency_ms_sum: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[datetime]


class Budget(db.Model):  # type: ignore[name-defined]
    """What the platform's keys may cost for one editor in a Paris month. No row: no limit."""

    __tablename__ = "budgets"
    __table_args__ = (
        CheckConstraint("amount_eur > 0", name="amount"),
        {"info": {"rls": Policy(by_role(system="(editor_id = app_editor())", editeur="editor_id"), write=STAFF)}},
    )

    editor_id: Mapped[str] = mapped_column(Text, ForeignKey("users.id"), primary_key=True)
    amount_eur: Mapped[Decimal] = mapped_column(Money)
    hard_stop: Mapped[bool] = mapped_column(Boolean, default=False)
    spent_month: Mapped[str | None] = mapped_column(Text, doc="The last Paris month in which it was used up; told to `spend_quota`.")
    changed_at: Mapped[datetime] = created()


class BudgetAlert(db.Model):  # type: ignore[name-defined]
    """A share of a budget that was reached, once a month; written with the sums that reached it, told by a job."""

    __tablename__ = "budget_alerts"
    __table_args__ = (
        CheckConstraint("level IN (80, 90, 100)", name="level"),
        Index("ix_budget_alerts_untold", "created_at", postgresql_where="told_at IS NULL"),
        {"info": {"rls": Policy(by_role(editeur="editor_id"), write=STAFF)}},
    )

    editor_id: Mapped[str] = mapped_column(Text, ForeignKey("users.id"), primary_key=True)
    month: Mapped[str] = mapped_column(Text, primary_key=True)
    level: Mapped[int] = mapped_column(Integer, primary_key=True)
    created_at: Mapped[datetime] = created()
    told_at: Mapped[datetime | None]
