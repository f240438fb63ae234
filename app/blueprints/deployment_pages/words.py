"""Words that the pages of a deployment share."""

from __future__ import annotations

MODE_WORDS = {
    "shared": "Partagé : l’assistant commun, avec vos précisions",
    "dedicated": "Dédié : ses instructions peuvent devenir les vôtres",
}
PROMPT_WORDS = {
    "inherit": "Celles de l’agent, telles quelles",
    "append": "Celles de l’agent, complétées par les vôtres",
    "replace": "Les vôtres, à la place de celles de l’agent",
}
"""The three modes of 003 §12.3."""
LEVEL_PILLS = {
    "plateforme": ("neutral", "Plateforme", "server"),
    "forfait": ("neutral", "Forfait", "receipt-euro"),
    "agent": ("info", "Agent", "robot"),
    "autorisation": ("info", "Écrit pour vous", "certificate"),
    "compte": ("ok", "Clé du compte", "key"),
    "déploiement": ("ok", "Déploiement", "rocket"),
}
"""How each level is shown: colour, words, icon."""
