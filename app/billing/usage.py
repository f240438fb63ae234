"""What was used of what is allowed, for pages."""

from __future__ import annotations

from dataclasses import dataclass

from app.billing.models import DeploymentUsage, LinkUsage, UsageCounter
from app.billing.plans import Limits, limits_of
from app.core import clock
from app.extensions import db
from app.identity.models import EditorLink

WARNED_FROM = 80


@dataclass(frozen=True, slots=True)
class Share:
    """A figure beside its limit; None: without limit."""

    label: str
    used: int
    limit: int | None

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 is said only when it is reached; 0 without a limit."""
        return self.used * 100 // self.limit if self.limit else 0

    @property
    def kind(self) -> str:
        """The colour of its bar."""
        return "bad" if self.percent >= 100 else "wait" if self.percent >= WARNED_FROM else "info"


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """An editor's month under his plan (None: he has none)."""

    month: str
    limits: Limits | None
    counter: UsageCounter | None
    shares: tuple[Share, ...]

    @property
    def fullest(self) -> Share | None:
        """The share to warn of, from 80 %."""
        worst = max(self.shares, key=lambda share: share.percent, default=None)
        return worst if worst is not None and worst.percent >= WARNED_FROM else None


def month_usage(tenant_id: str) -> MonthUsage:
    """What a tenant used in this Paris month."""
    month = clock.paris_month()
    limits, counter = limits_of(tenant_id), db.session.get(UsageCounter, (tenant_id, month))
    sessions, messages = (counter.sessions, counter.messages) if counter else (0, 0)
    shares = (
        Share("Conversations", sessions, limits.sessions_month if limits else None),
        Share("Messages", messages, limits.messages_month if limits else None),
    )
    return MonthUsage(month, limits, counter, shares)


def day_usage(deployment_id: str) -> tuple[int, int]:
    """Sessions and messages of a deployment in this Paris day."""
    found = db.session.get(DeploymentUsage, (deployment_id, clock.paris_day()))
    return (found.sessions, found.messages) if found else (0, 0)


def link_share(link: EditorLink) -> Share:
    """Sessions of an artisan through his editor in this Paris month, beside what the editor gives him."""
    found = db.session.get(LinkUsage, (link.id, clock.paris_month()))
    return Share("Conversations", found.sessions if found else 0, link.permissions.get("max_sessions_month"))
