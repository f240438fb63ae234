"""What an editor must know on every page: his plan runs out, or an invoice is unpaid."""

from __future__ import annotations

from dataclasses import dataclass

from app.billing.alerts import first_of_next_month
from app.billing.plans import subscription_of
from app.billing.suspensions import GRACE
from app.billing.usage import month_usage
from app.core import format as french
from app.web.access import signed_in


@dataclass(frozen=True, slots=True)
class Banner:
    """A notice above the page, as `ui.alert` takes it."""

    kind: str
    title: str
    text: str


def plan_banner() -> Banner | None:
    """An unpaid invoice first, then a limit used to 80 % or more. None for an editor's staff: they can do nothing about it."""
    actor = signed_in()
    if actor.role != "editeur" or actor.account_id is None:
        return None
    subscription = subscription_of(actor.account_id)
    if subscription is None:
        return None
    if subscription.unpaid_since is not None:
        return Banner(
            "bad",
            f"Facture impayée depuis le {french.day(subscription.unpaid_since)}",
            f"Sans paiement, vos assistants s’arrêtent le {french.day(subscription.unpaid_since + GRACE)}.",
        )
    usage = month_usage(actor.account_id)
    share = usage.fullest
    if share is None or usage.limits is None:
        return None
    used = f"{share.label} : {french.number(share.used)} sur {french.number(share.limit)} en {french.month(usage.month)}."
    if share.percent < 100:
        title = f"{french.percent(share.percent)} de votre forfait {usage.limits.plan_name} est utilisé"
        return Banner("wait", title, f"{used} À 100 %, l’assistant ne répond plus. Écrivez à la plateforme pour changer de forfait.")
    until = f"Jusqu’au {first_of_next_month(usage.month)}, vos visiteurs lisent un message d’attente, avec le téléphone de leur artisan."
    return Banner("bad", f"Votre forfait {usage.limits.plan_name} est atteint", f"{used} {until} Écrivez à la plateforme pour en changer.")
