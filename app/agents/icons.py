"""The picture of an agent: an icon of the house, or one emoji."""

from __future__ import annotations

import unicodedata

ICONS = {
    "robot": "Robot",
    "message-chatbot": "Bulle",
    "tools": "Outils",
    "hammer": "Marteau",
    "home": "Maison",
    "building": "Immeuble",
    "calculator": "Calculatrice",
    "headset": "Casque",
    "lifebuoy": "Bouée",
    "writing": "Écriture",
    "speakerphone": "Mégaphone",
    "mail": "Lettre",
    "file-text": "Document",
    "chart-bar": "Diagramme",
    "bulb": "Ampoule",
    "sparkles": "Étincelles",
    "palette": "Palette",
    "photo": "Photo",
    "movie": "Film",
    "microphone": "Micro",
}
"""Names of app/static/icons.txt, and their words."""
MAX_EMOJI = 8
"""Code points: a family, or a profession with its skin colour, is one emoji of several."""
_JOINERS = {"\u200d", "\ufe0f", "\u20e3"}


def is_icon(value: str) -> bool:
    """Whether the value is one of the icons, or an emoji."""
    return value in ICONS or is_emoji(value)


def is_emoji(value: str) -> bool:
    """Whether the value is a picture of its own: symbols and what joins them, no letter, no sign of a keyboard."""
    drawn = [char for char in value if unicodedata.category(char) in ("So", "Sk") and not char.isascii()]
    others = [char for char in value if char not in drawn and char not in _JOINERS and not 0xE0020 <= ord(char) <= 0xE007F]
    return bool(drawn) and not others and len(value) <= MAX_EMOJI
