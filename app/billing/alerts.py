"""Alerts at 80, 90 and 100 % of a plan's limits, once each a month.

An alert is a row written by the message that reached the level (`spend_quota`); a job tells it. So none is lost nor told twice.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import select, text

from app.billing.models import Plan, QuotaAlert, Subscription, UsageCounter
from app.core import clock
from app.core import format as french
from app.core.acting import platform
from app.core.transaction import transaction
from app.extensions import db
from app.notifications.service import notify

BATCH = 100
NOUNS = {"sessions": ("conversation", "conversations"), "messages": ("message", "messages")}

_REACHED = """
  SELECT c.tenant_id, c.month, k.kind, l.level FROM usage_counters c JOIN subscriptions s ON s.editor_id = c.tenant_id
    JOIN plans p ON p.id = s.plan_id
    CROSS JOIN LATERAL (VALUES
      ('sessions', c.sessions, CASE WHEN s.overrides ? 'sessions_month' THEN (s.overrides ->> 'sessions_month')::integer ELSE p.sessions_month END),
      ('messages', c.messages, CASE WHEN s.overrides ? 'messages_month' THEN (s.overrides ->> 'messages_month')::integer ELSE p.messages_month END)
    ) k(kind, used, allowed) CROSS JOIN unnest(ARRAY[80, 90, 100]) l(level)
  WHERE c.month = :month AND (CAST(:editor AS text) IS NULL OR c.tenant_id = :editor)
    AND k.used::bigint * 100 >= k.allowed::bigint * l.level
"""
_FORGET = text(
    f"WITH reached AS ({_REACHED}) DELETE FROM quota_alerts a WHERE a.month = :month AND (CAST(:editor AS text) IS NULL OR a.tenant_id = :editor) "
    "AND NOT EXISTS (SELECT 1 FROM reached r WHERE r.tenant_id = a.tenant_id AND r.kind = a.kind AND r.level = a.level)"
)
_NOTE = text(
    f"INSERT INTO quota_alerts (tenant_id, month, kind, level, created_at) SELECT r.*, CAST(:now AS timestamptz) FROM ({_REACHED}) r "
    "ON CONFLICT DO NOTHING"
)


def settle_levels(editor_id: str | None = None) -> None:
    """After a limit changed: forget the levels of this month that are no longer reached, note those that now are. None: everybody's."""
    values = {"month": clock.paris_month(), "editor": editor_id}
    db.session.execute(_FORGET, values)
    db.session.execute(_NOTE, values | {"now": clock.now()})


def tell_alerts() -> int:
    """Tell editors the levels they reached, in their portal and by e-mail; of several reached by one message, the highest. Returns how many."""
    with transaction(platform("sweep")):
        waiting = db.session.scalars(
            select(QuotaAlert)
            .where(QuotaAlert.told_at.is_(None))
            .order_by(QuotaAlert.created_at, QuotaAlert.level)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        highest = {(alert.tenant_id, alert.month, alert.kind, alert.created_at): alert for alert in waiting}
        for alert in waiting:
            alert.told_at = clock.now()
        for alert in highest.values():
            _tell(alert)
        return len(highest)


def _tell(alert: QuotaAlert) -> None:
    row = db.session.execute(
        select(Subscription, Plan, UsageCounter)
        .join(Plan, Plan.id == Subscription.plan_id)
        .join(UsageCounter, UsageCounter.tenant_id == Subscription.editor_id)
        .where(Subscription.editor_id == alert.tenant_id, UsageCounter.month == alert.month)
    ).one_or_none()
    if row is None:
        return
    name = f"{alert.kind}_month"
    allowed = row.Subscription.overrides.get(name, getattr(row.Plan, name))
    one, many = NOUNS[alert.kind]
    used = french.plural(getattr(row.UsageCounter, alert.kind), one, many)
    share = f"{used} sur {french.number(allowed or 0)} en {french.month(alert.month)}, forfait {row.Plan.name}."
    if alert.level < 100:
        title = f"{many.capitalize()} : {alert.level} % de votre forfait"
        body = f"{share} À 100 %, l’assistant ne répond plus jusqu’au mois suivant. Écrivez à la plateforme pour changer de forfait."
    else:
        title = f"{many.capitalize()} : votre forfait est atteint"
        body = (
            f"{share} Jusqu’au {first_of_next_month(alert.month)}, vos visiteurs lisent un message d’attente, avec le téléphone de leur "
            "artisan. Écrivez à la plateforme pour changer de forfait."
        )
    notify(alert.tenant_id, kind="quota", title=title, body=body, url="/editeur/")


def first_of_next_month(month: str) -> str:
    """« 1er décembre », for the month `2026-11`."""
    year, number = (int(part) for part in month.split("-"))
    day = date(year + number // 12, number % 12 + 1, 1)
    return f"1er {french.month(f'{day:%Y-%m}').split()[0]}"
