"""What an agent's settings are and what each may be: the one table that the form, the API, the draft and the verbs read (000; 003 §12.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from app.agents.icons import is_icon
from app.core.acting import STAFF_ROLES, current_actor
from app.core.errors import InvalidError
from app.core.text import clean_line
from app.llm.tools import registered

Kind = Literal["line", "prompt", "word", "number", "whole", "flag", "choice", "choices", "icon", "noted"]
CATEGORIES = {
    "chat": "Conversation",
    "content": "Contenu",
    "image": "Image",
    "analysis": "Analyse",
    "audio": "Audio",
    "video": "Vidéo",
}
OUTPUT_SCHEMAS = {"pre_quote": "Estimation (pré-devis)"}
"""The structured outputs that answers are read for (003 §15.2 F)."""
MAX_NAME, MAX_PROMPT, MAX_NOTES = 80, 20_000, 4_000
MODEL_NAME = {"longest": 120, "pattern": r"[\w.:/@+-]+", "hint": "Un nom de modèle, sans espace."}
HOST_NAME = r"(?!-)[A-Za-z0-9-]{1,63}(\.(?!-)[A-Za-z0-9-]{1,63})*"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of an agent. `optional`: an empty one is kept as none; `staff`: only the platform writes it."""

    name: str
    label: str
    kind: Kind
    low: float | None = None
    high: float | None = None
    longest: int = 0
    pattern: str = ""
    hint: str = ""
    optional: bool = False
    staff: bool = False


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("name", "Nom", "line", longest=MAX_NAME),
        Setting(
            "slug", "Identifiant", "word", longest=60, pattern=r"[a-z0-9]+(-[a-z0-9]+)*",
            hint="Des minuscules sans accent et des chiffres, séparés par « - ».",
        ),
        Setting("description", "Description", "line", longest=300, optional=True),
        Setting("category", "Catégorie", "choice"),
        Setting("icon", "Icône", "icon", longest=40),
        Setting("color", "Couleur", "word", longest=7, pattern=r"#[0-9a-fA-F]{6}", hint="Une couleur sous la forme #24518f."),
        Setting("system_prompt", "Instructions", "prompt", longest=MAX_PROMPT),
        Setting("model", "Modèle", "word", **MODEL_NAME),
        Setting("fallback_model", "Modèle de secours", "word", **MODEL_NAME, optional=True),
        Setting("temperature", "Température", "number", 0, 2),
        Setting("top_p", "Top p", "number", 0, 1),
        Setting("frequency_penalty", "Pénalité de répétition", "number", -2, 2),
        Setting("presence_penalty", "Pénalité de présence", "number", -2, 2),
        Setting("max_tokens", "Longueur des réponses, en jetons", "whole", 64, 16_000),
        Setting("context_window", "Messages gardés en mémoire", "whole", 1, 20),
        Setting("tools", "Outils", "choices"),
        Setting("output_schemas", "Sorties structurées", "choices"),
        Setting("supports_images", "Reçoit des images", "flag"),
        Setting("supports_audio", "Reçoit du son", "flag"),
        Setting("supports_video", "Reçoit des vidéos", "flag"),
        Setting("supports_tools", "Se sert d’outils", "flag"),
        Setting(
            "collection", "Documents communs", "word", longest=100, pattern=r"[a-z0-9][a-z0-9_-]*",
            hint="Des minuscules sans accent, des chiffres, « - » et « _ ».", optional=True,
        ),
        Setting(
            "ollama_host", "Serveur du modèle", "word", longest=253, pattern=HOST_NAME, hint="Un nom d’hôte, sans « http:// ».",
            optional=True, staff=True,
        ),
        Setting("ollama_port", "Port du serveur", "whole", 1, 65_535, optional=True, staff=True),
        Setting("extra", "Notes internes", "noted", longest=MAX_NOTES, optional=True),
    )
}  # fmt: skip


def choices_of(name: str) -> dict[str, str]:
    """The values that a choice may take, with their words."""
    if name == "tools":
        return {tool.name: f"{tool.name} : {tool.description.split('. ')[0].rstrip('.')}" for tool in registered()}
    return OUTPUT_SCHEMAS if name == "output_schemas" else CATEGORIES


def checked(values: Mapping[str, Any], present: Any = None) -> dict[str, Any]:
    """The settings named by `values`, read and within bounds; those of `present` (an agent) are always good, even if a tool is gone since.

    Raises InvalidError by field.
    """
    found, errors = {}, {}
    for name, given in values.items():
        setting = SETTINGS.get(name)
        if setting is None:
            errors[name] = ["Ce réglage n’existe pas."]
            continue
        before = getattr(present, name, None)
        if present is not None and given == before:
            found[name] = before
            continue
        if setting.staff and given not in (None, "") and current_actor().role not in STAFF_ROLES:
            errors[name] = ["Réservé à la plateforme."]
            continue
        try:
            found[name] = _READERS[setting.kind](setting, given, before)
        except ValueError as error:
            errors[name] = [str(error)]
    if errors:
        raise InvalidError("L’agent est à corriger.", errors)
    return found


def _line(setting: Setting, given: Any, before: Any) -> str:
    return _fitting(setting, clean_line(_text(given))) or ""


def _word(setting: Setting, given: Any, before: Any) -> str | None:
    value = _fitting(setting, _text(given).strip())
    if value and not re.fullmatch(setting.pattern, value):
        raise ValueError(setting.hint)
    return value.lower() if value and setting.name == "color" else value


def _prompt(setting: Setting, given: Any, before: Any) -> str | None:
    return _fitting(setting, tidy(_text(given)))


def tidy(text: str) -> str:
    """Instructions as they are kept: line ends of one kind, no NUL, nothing around."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()


def _icon(setting: Setting, given: Any, before: Any) -> str:
    value = _fitting(setting, _text(given).strip()) or ""
    if not is_icon(value):
        raise ValueError("Le nom d’une icône de la liste, ou un seul émoji.")
    return value


def _number(setting: Setting, given: Any, before: Any) -> Decimal | int | None:
    low, high = setting.low or 0, setting.high or 0
    if given in (None, "") and setting.optional:
        return None
    whole = setting.kind == "whole"
    words = f"Un nombre {'entier ' if whole else ''}entre {_plain(low)} et {_plain(high)}."
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal) or not low <= given <= high:
        raise ValueError(words)
    if whole and given != int(given):
        raise ValueError(words)
    return int(given) if whole else round(Decimal(str(given)), 2)


def _flag(setting: Setting, given: Any, before: Any) -> bool:
    if not isinstance(given, bool):
        raise ValueError("Oui ou non.")
    return given


def _choice(setting: Setting, given: Any, before: Any) -> str:
    if given not in CATEGORIES:
        raise ValueError("Choisissez une valeur de la liste.")
    return str(given)


def _choices(setting: Setting, given: Any, before: Any) -> list[str]:
    if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
        raise ValueError("Une liste de noms.")
    wanted = list(dict.fromkeys(str(one) for one in given))
    unknown = [name for name in wanted if name not in choices_of(setting.name) and name not in (before or ())]
    if unknown:
        raise ValueError(f"Inconnu : {', '.join(unknown)[:200]}.")
    return wanted


def _noted(setting: Setting, given: Any, before: Any) -> dict[str, Any]:
    """An object of short plain values; a text is the note of its `note`."""
    if given in (None, "", {}):
        return {}
    if isinstance(given, str):
        return {**(before or {}), "note": _fitting(setting, tidy(given))}
    plain = isinstance(given, Mapping) and all(isinstance(value, str | int | float | bool | None) for value in given.values())
    if not plain or len(str(given)) > MAX_NOTES:
        raise ValueError(f"Un objet de valeurs simples, de {_plain(MAX_NOTES)} caractères au plus.")
    return {str(name): value for name, value in given.items()}


def _text(given: Any) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise ValueError("Un texte.")
    return given


def _fitting(setting: Setting, value: str) -> str | None:
    if not value and not setting.optional:
        raise ValueError("Remplissez ce champ.")
    if len(value) > setting.longest:
        raise ValueError(f"{_plain(setting.longest)} caractères au plus ; il y en a {_plain(len(value))}.")
    return value or None


def _plain(number: float) -> str:
    return f"{number:,}".replace(",", "\u202f").replace(".", ",")


_READERS: dict[Kind, Callable[[Setting, Any, Any], Any]] = {
    "line": _line, "word": _word, "prompt": _prompt, "number": _number, "whole": _number, "flag": _flag,
    "choice": _choice, "choices": _choices, "icon": _icon, "noted": _noted,
}  # fmt: skip
