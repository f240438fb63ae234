"""How purposes and failures of model calls are said."""

from __future__ import annotations

PURPOSE_WORDS = {
    "reply": "Réponses aux clients",
    "playground": "Essais",
    "evaluation": "Évaluations",
    "assist": "Assistance (API)",
    "content": "Contenus",
}
CALL_WORDS = {"reply": "Réponse", "playground": "Essai", "evaluation": "Évaluation", "assist": "Assistance", "content": "Contenu"}
ERROR_WORDS = {
    "auth": "Clé refusée",
    "rate_limited": "Trop de demandes",
    "overloaded": "Fournisseur en panne",
    "timeout": "Délai dépassé",
    "refused": "Demande refusée",
    "bad_response": "Réponse illisible",
    "cut": "Réponse coupée",
    "unreachable": "Injoignable",
    "unavailable": "Mis de côté après des échecs",
    "interrupted": "Interrompu",
    "broken": "Erreur interne",
}


def purpose_words(purpose: str) -> str:
    """What calls were made for."""
    return PURPOSE_WORDS.get(purpose, purpose)


def call_words(purpose: str) -> str:
    """What one call was made for."""
    return CALL_WORDS.get(purpose, purpose)


def error_words(error_class: str | None) -> str:
    """Why a call failed."""
    return ERROR_WORDS.get(error_class or "", error_class or "Échec")
