"""A trial as pages show it: its figures, its tools, its pre-quote, and why it failed, in French."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.evaluation.models import Trial
from app.llm.gateway import LOCAL

FAILURES = {
    "auth": "clé refusée par le fournisseur",
    "rate_limited": "trop de demandes chez le fournisseur",
    "overloaded": "fournisseur en panne ou surchargé",
    "timeout": "délai dépassé",
    "refused": "demande refusée par le fournisseur",
    "bad_response": "réponse illisible",
    "cut": "réponse coupée",
    "unreachable": "fournisseur injoignable",
    "unavailable": "fournisseur mis en attente après plusieurs échecs",
    "broken": "erreur de la plateforme, notée dans le journal technique",
    "worker_lost": "interrompue trois fois de suite",
    "never_started": "jamais commencée : aucun processus ne répond",
}


def model_name(provider: str, model: str) -> str:
    """« mistral/mistral-small », or the built-in engine."""
    return "Moteur local" if provider == LOCAL.provider else f"{provider}/{model}" if provider else model


def failure_words(kind: str | None) -> str:
    """Why a model did not answer."""
    return FAILURES.get(kind or "", kind or "raison inconnue")


def trial_view(trial: Trial) -> dict[str, Any]:
    """What a page needs of a trial, beside the row itself."""
    return {
        "row": trial,
        "asked": trial.turns[-1]["text"] if trial.turns else "",
        "model": model_name(trial.provider, trial.model),
        "tokens": trial.prompt_tokens + trial.completion_tokens,
        "tried": [f"{model_name(one['provider'], one['model'])} : {failure_words(one['kind'])}" for one in trial.failures],
        "why": failure_words(trial.error) if trial.status == "failed" else "",
        "quote": quote_card(trial.quote),
    }


def quote_card(quote: dict[str, Any] | None) -> dict[str, Any] | None:
    """A kept pre-quote for `ui.quote_card`; its numbers become Decimals again."""
    if quote is None:
        return None
    numbers = ("quantity", "unit_price", "total_ht")
    return {
        "title": quote["title"] or "Estimation",
        "lines": [line | {name: Decimal(line[name]) for name in numbers} for line in quote["lines"]],
        "vat": [{name: Decimal(one[name]) for name in ("rate", "base", "amount")} for one in quote["vat"]],
        "total_ht": Decimal(quote["total_ht"]),
        "total_ttc": Decimal(quote["total_ttc"]),
    }
