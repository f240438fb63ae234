"""The French sentences of an answer that no model writes."""

from __future__ import annotations

QUOTE_REFUSED = (
    "Je n’ai pas pu établir une estimation fiable avec ces éléments. "
    "Pouvez-vous préciser les travaux et les surfaces concernés\u202f? Je vous ferai alors une nouvelle proposition."
)
QUOTE_READY = "Votre pré-devis est prêt\u202f: vous pouvez le consulter ci-dessous."
NO_MODEL = "L’assistant n’est pas disponible pour le moment. Votre message est bien enregistré\u202f: réessayez dans quelques instants."

_LABELS = {
    "rechercher_prix": "Consultation de la bibliothèque de prix",
    "proposer_pre_devis": "Préparation du pré-devis",
}


def tool_label(name: str) -> str:
    """What the person reads while a tool runs."""
    return _LABELS.get(name, "Recherche d’informations")
