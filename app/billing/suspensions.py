"""What the house does by itself: suspend a massive overrun or an unpaid account, lift it, drop old counters (003 §9.2, §13).

Counters are rows of a month, so a new month begins at nothing; what remains to do then is to lift what the old one suspended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import delete, select, text

from app.billing.models import DeploymentUsage, LinkUsage, Plan, QuotaAlert, Subscription, UsageCounter
from app.billing.plans import Limits, effective_limits
from app.billing.quotas import REFUSALS
from app.core import clock
from app.core import format as french
from app.core.acting import current_actor, platform
from app.core.transaction import transaction
from app.extensions import db, redis_client
from app.identity.models import User
from app.identity.service import lift_suspension, suspend_user
from app.notifications.service import notify, send_email

log = structlog.get_logger(__name__)
MASSIVE_PERCENT = 120
"""Of a limit, refused attempts included, in one month."""
GRACE = timedelta(days=15)
"""Between an invoice left unpaid and the suspension."""
DAYS_KEPT = timedelta(days=400)
MONTHS_KEPT = 25

_KEEP_REFUSALS = {
    kind: text(f"UPDATE usage_counters SET refused_{kind} = refused_{kind} + :count WHERE tenant_id = :tenant AND month = :month")
    for kind in ("sessions", "messages")
}


def keep_refusals() -> None:
    """Add the attempts that Redis counted to their months."""
    with redis_client().pipeline(transaction=True) as pipe:
        counted, _ = pipe.hgetall(REFUSALS).delete(REFUSALS).execute()
    if not counted:
        return
    with transaction(platform("sweep")):
        for name, count in sorted(counted.items()):
            tenant, month, kind = name.decode().split("|")
            db.session.execute(_KEEP_REFUSALS[kind], {"tenant": tenant, "month": month, "count": int(count)})


def settle_suspensions() -> None:
    """Suspend and lift, each account in its own state only: what an administrator did by hand is never undone."""
    month = clock.paris_month()
    with transaction(platform("sweep")):
        rows = db.session.execute(
            select(Subscription, Plan, User, UsageCounter)
            .join(Plan, Plan.id == Subscription.plan_id)
            .join(User, User.id == Subscription.editor_id)
            .outerjoin(UsageCounter, (UsageCounter.tenant_id == Subscription.editor_id) & (UsageCounter.month == month))
            .order_by(Subscription.editor_id)
        ).all()
        for row in rows:
            found = Standing(*row)
            if found.no_longer_holds() or found.cause():
                # Only now: a lock is a write, and most accounts need nothing.
                db.session.refresh(found.subscription, with_for_update=True)
                db.session.refresh(found.user, with_for_update=True)
                if found.no_longer_holds():
                    _lift(found)
                if cause := found.cause():
                    _suspend(found, cause)


@dataclass(frozen=True, slots=True)
class Standing:
    """An editor's account beside his plan and his month."""

    subscription: Subscription
    plan: Plan
    user: User
    counter: UsageCounter | None

    def is_overrun(self) -> bool:
        """Whether he asked for far more than he has, and is to be suspended for it."""
        return self.subscription.suspends_on_overrun and is_massive(self.counter, effective_limits(self.subscription, self.plan))

    def no_longer_holds(self) -> bool:
        """Whether why the house suspended him is over."""
        held = self.subscription
        if held.suspended_for == "unpaid":
            return held.unpaid_since is None
        return held.suspended_for == "overrun" and (held.suspended_month != clock.paris_month() or not self.is_overrun())

    def cause(self) -> str | None:
        """Why he is to be suspended now. One whom an administrator reopened is left in peace for that cause."""
        held = self.subscription
        if held.suspended_for or self.user.status == "suspended":
            return None
        if held.unpaid_since is not None and held.unpaid_since + GRACE <= clock.paris_day():
            return "unpaid"
        return "overrun" if self.is_overrun() else None


def is_massive(counter: UsageCounter | None, limits: Limits) -> bool:
    """Whether attempts of the month, refused ones included, passed 120 % of a limit."""
    if counter is None:
        return False
    pairs: tuple[tuple[int, int | None], ...] = (
        (counter.sessions + counter.refused_sessions, limits.sessions_month),
        (counter.messages + counter.refused_messages, limits.messages_month),
    )
    return any(limit is not None and attempts * 100 > limit * MASSIVE_PERCENT for attempts, limit in pairs)


def _suspend(found: Standing, cause: str) -> None:
    month, held = clock.paris_month(), found.subscription
    reason = {
        "unpaid": f"Facture impayée depuis le {french.day(held.unpaid_since)}.",
        "overrun": f"Forfait {found.plan.name} largement dépassé en {french.month(month)} : plus de {MASSIVE_PERCENT} % demandés.",
    }[cause]
    suspend_user(current_actor(), found.user, reason)
    held.suspended_for, held.suspended_month, held.suspended_reason = cause, month, reason
    after = "Écrivez à la plateforme pour le rétablir." if cause == "unpaid" else "Il se rétablit au début du mois prochain."
    log.warning("account.suspended", editor_id=found.user.id, cause=cause)
    # Not by the notification centre: nobody reads it while his account is suspended.
    send_email(
        found.user.email,
        kind="account",
        template="notification",
        title="Votre compte est suspendu",
        body=f"{reason} Vos assistants ne répondent plus et votre espace est fermé ; rien n’est effacé. {after}",
        url=None,
        unsubscribe=None,
        name=found.user.name,
    )


def _lift(found: Standing) -> None:
    """Open the account again if it is still suspended by the house, for that very reason."""
    if found.user.status == "suspended" and found.user.status_reason == found.subscription.suspended_reason:
        lift_suspension(found.user)
        body = "Vos assistants répondent de nouveau, et votre espace est ouvert."
        notify(found.user.id, kind="account", title="Votre compte est rétabli", body=body, url="/editeur/")
    found.subscription.suspended_for = found.subscription.suspended_reason = None


def purge() -> dict[str, Any]:
    """Drop what is old: days after 400, links and alerts after 25 months. The months of a tenant stay: invoices rest on them."""
    today = clock.paris_day()
    index = today.year * 12 + today.month - 1 - MONTHS_KEPT
    oldest = f"{index // 12:04}-{index % 12 + 1:02}"
    with transaction(platform("retention")):
        dropped = {
            "days": db.session.execute(delete(DeploymentUsage).where(DeploymentUsage.day < today - DAYS_KEPT)).rowcount,
            "links": db.session.execute(delete(LinkUsage).where(LinkUsage.month < oldest)).rowcount,
            "alerts": db.session.execute(delete(QuotaAlert).where(QuotaAlert.month < oldest)).rowcount,
        }
    log.info("quota.purged", **dropped)
    return dropped
