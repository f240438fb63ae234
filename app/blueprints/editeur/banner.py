"""What an editor must know on every page: an invoice is unpaid, his AI budget or his plan runs out."""

from __future__ import annotations

from dataclasses import dataclass

from app.billing.alerts import first_of_next_month
from app.billing.budgets import BudgetState, budget_of
from app.billing.models import Subscription
from app.billing.plans import subscription_of
from app.billing.suspensions import GRACE
from app.billing.usage import WARNED_FROM, month_usage
from app.core import format as french
from app.web.access import signed_in


@dataclass(frozen=True, slots=True)
class Banner:
    """A notice above the page, as `ui.alert` takes it."""

    kind: str
    title: str
    text: str


def plan_banner() -> Banner | None:
    """An unpaid invoice first, then what stops his assistants, then what is used to 80 % or more. None for an editor's staff:
    they can do nothing about it.
    """
    actor = signed_in()
    if actor.role != "editeur" or actor.account_id is None:
        return None
    subscription, budget = subscription_of(actor.account_id), budget_of(actor.account_id)
    if subscription is not None and subscription.unpaid_since is not None:
        return Banner(
            "bad",
            f"Facture impayée depuis le {french.day(subscription.unpaid_since)}",
            f"Sans paiement, vos assistants s’arrêtent le {french.day(subscription.unpaid_since + GRACE)}.",
        )
    of_budget = _budget_banner(budget) if budget else None
    if of_budget and of_budget.kind == "bad":
        return of_budget
    return _usage_banner(subscription) or of_budget


def _budget_banner(budget: BudgetState) -> Banner | None:
    if budget.percent < WARNED_FROM:
        return None
    spent = f"{french.euro(budget.spent)} sur {french.euro(budget.amount)} en {french.month(budget.month)}."
    if not budget.is_spent:
        title = f"{french.percent(budget.percent)} de votre budget IA sont dépensés"
        after = "À 100 %, vos assistants ne répondent plus. " if budget.hard_stop else ""
        return Banner("wait", title, f"{spent} {after}Écrivez à la plateforme pour relever le budget.")
    if not budget.hard_stop:
        return Banner("wait", "Votre budget IA est épuisé", f"{spent} Vos assistants répondent toujours.")
    until = f"Jusqu’au {first_of_next_month(budget.month)}, vos visiteurs lisent un message d’attente, avec le téléphone de leur artisan."
    return Banner(
        "bad", "Votre budget IA est épuisé : vos assistants sont arrêtés", f"{spent} {until} Écrivez à la plateforme pour le relever."
    )


def _usage_banner(subscription: Subscription | None) -> Banner | None:
    """A limit of the plan used to 80 % or more."""
    if subscription is None:
        return None
    usage = month_usage(subscription.editor_id)
    share = usage.fullest
    if share is None or usage.limits is None:
        return None
    used = f"{share.label} : {french.number(share.used)} sur {french.number(share.limit)} en {french.month(usage.month)}."
    if share.percent < 100:
        title = f"{french.percent(share.percent)} de votre forfait {usage.limits.plan_name} est utilisé"
        return Banner("wait", title, f"{used} À 100 %, l’assistant ne répond plus. Écrivez à la plateforme pour changer de forfait.")
    until = f"Jusqu’au {first_of_next_month(usage.month)}, vos visiteurs lisent un message d’attente, avec le téléphone de leur artisan."
    return Banner("bad", f"Votre forfait {usage.limits.plan_name} est atteint", f"{used} {until} Écrivez à la plateforme pour en changer.")
