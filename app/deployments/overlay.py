"""What a deployment may change of its agent, and how far: the one table that pages, API and replies read (003 §12.2, §12.5; PRODUCT.md, Overlay)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from app.agents.fields import HOST_NAME, MODEL_NAME
from app.agents.models import Agent
from app.core.acting import STAFF_ROLES, current_actor
from app.core.errors import InvalidError
from app.core.text import clean_line
from app.deployments.models import Deployment
from app.deployments.prompt_checks import explain, findings, tidy

Kind = Literal["line", "prompt", "word", "number", "whole"]
Level = Literal["plateforme", "forfait", "agent", "autorisation", "compte", "déploiement"]
"""Where a value comes from; « autorisation »: what the platform wrote for one editor; « compte »: his own provider and key."""
NOT_DEDICATED = "Demande un déploiement dédié."
NOT_OFFERED = "Cet agent n’est proposé qu’en mode partagé."
RESERVED = "Réservé à la plateforme."
REFUSALS = {
    "allow_prompt_override": "Cet agent ne laisse pas remplacer ses instructions ; vous pouvez les compléter.",
    "allow_model_override": "Cet agent ne laisse pas choisir son modèle.",
    "allow_rag_override": "Cet agent ne laisse pas choisir ses documents.",
}
"""What an agent's `whitelabel_config` refuses, and replaces nothing without a dedicated deployment."""


class Master(Protocol):
    """An agent, or a row with its columns."""

    whitelabel_config: Any
    deployment_mode: Any


@dataclass(frozen=True, slots=True)
class Override:
    """One field of the table. `allowed_by` names the rule of the agent that must allow it, `staff` that only the platform writes it."""

    name: str
    label: str
    kind: Kind
    column: str | None = None
    low: float | None = None
    high: float | None = None
    longest: int = 0
    pattern: str = ""
    hint: str = ""
    allowed_by: str | None = None
    staff: bool = False


_MODEL = {**MODEL_NAME, "allowed_by": "allow_model_override"}
TABLE: dict[str, Override] = {
    field.name: field
    for field in (
        Override("name", "Nom affiché", "line", "name", longest=80),
        Override("description", "Description", "line", "description", longest=300),
        Override("system_prompt_append", "Instructions ajoutées", "prompt", longest=6_000),
        Override(
            "system_prompt_replace", "Instructions remplacées", "prompt", "system_prompt", longest=20_000, allowed_by="allow_prompt_override"
        ),
        Override("model", "Modèle", "word", "model", **_MODEL),
        Override("fallback_model", "Modèle de secours", "word", "fallback_model", **_MODEL),
        Override("temperature", "Température", "number", "temperature", low=0.1, high=1.5),
        Override("max_tokens", "Longueur des réponses, en jetons", "whole", "max_tokens", low=64, high=8_000),
        Override("context_window_size", "Messages gardés en mémoire", "whole", "context_window", low=1, high=20),
        Override(
            "dedicated_collection", "Collection de documents dédiée", "word", longest=100, pattern=r"[a-z0-9][a-z0-9_-]*",
            hint="Des minuscules sans accent, des chiffres, « - » et « _ ».", allowed_by="allow_rag_override",
        ),
        Override("ollama_host", "Serveur du modèle", "word", longest=253, pattern=HOST_NAME, hint="Un nom d’hôte, sans « http:// ».", staff=True),
        Override("ollama_port", "Port du serveur", "whole", low=1, high=65_535, staff=True),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldState:
    """A field as a form shows it. `inherited` is what it would be without the deployment's own `value`, which a lock keeps without effect."""

    name: str
    label: str
    inherited: Any
    value: Any
    locked_reason: str | None
    low: float | None
    high: float | None
    kind: Kind
    longest: int


def lock_of(field: Override, agent: Master, *, dedicated: bool) -> str | None:
    """Why the field has no effect, whoever wrote it; None when it has. `dedicated` is the deployment's own mode."""
    if field.allowed_by is None:
        return None
    if not agent.whitelabel_config.get(field.allowed_by):
        return REFUSALS[field.allowed_by]
    if agent.deployment_mode != "dedicated":
        return NOT_OFFERED
    return None if dedicated else NOT_DEDICATED


def in_force(overlay: Mapping[str, Any], agent: Master, *, dedicated: bool) -> dict[str, Any]:
    """The part of an overlay that has an effect: known fields of the right type, not locked, within their bounds. Asked at every reply."""
    found = {}
    for name, given in overlay.items():
        field = TABLE.get(name)
        if field is None or (value := _bounded(field, given)) is None or lock_of(field, agent, dedicated=dedicated):
            continue
        found[name] = value
    return found


def _bounded(field: Override, given: Any) -> Any:
    """A number brought within its bounds, a text as it is; None for what could not have been written."""
    if field.low is None or field.high is None:
        text = given.strip() if isinstance(given, str) else ""
        fits = text and len(text) <= field.longest and (not field.pattern or re.fullmatch(field.pattern, text))
        return text if fits else None
    if isinstance(given, bool) or not isinstance(given, int | float) or given != given:
        return None
    value = min(max(given, field.low), field.high)
    return round(value) if field.kind == "whole" else value


def shown_name(agent: Agent, deployment: Deployment) -> str:
    """What people who talk to the deployment call its agent."""
    name = in_force({"name": deployment.config_overlay.get("name")}, agent, dedicated=False).get("name")
    return str(name or agent.name)


def writer_lock(field: Override, agent: Master, *, dedicated: bool) -> str | None:
    """Why the acting person may not write the field."""
    if field.staff and current_actor().role not in STAFF_ROLES:
        return RESERVED
    return lock_of(field, agent, dedicated=dedicated)


def field_states(agent: Agent, deployment: Deployment, *, granted_prompt: str = "") -> list[FieldState]:
    """Every field of the table for this deployment, as the acting person may change it."""
    dedicated = deployment.mode == "dedicated"
    return [
        FieldState(
            name=field.name,
            label=field.label,
            inherited=_inherited(field, agent, granted_prompt),
            value=deployment.config_overlay.get(field.name),
            locked_reason=writer_lock(field, agent, dedicated=dedicated),
            low=field.low,
            high=field.high,
            kind=field.kind,
            longest=field.longest,
        )
        for field in TABLE.values()
    ]


def _inherited(field: Override, agent: Agent, granted_prompt: str) -> Any:
    if field.name == "system_prompt_replace":
        return granted_prompt or agent.system_prompt
    value = getattr(agent, field.column) if field.column else None
    if field.name == "context_window_size":
        return min(value, field.high)
    return float(value) if field.kind == "number" else value


def checked(values: Mapping[str, Any], present: Mapping[str, Any], agent: Agent, *, dedicated: bool) -> dict[str, Any]:
    """The overlay that `values` make of the `present` one. Fields not named stay; None or an empty text goes back to the agent's.

    Raises InvalidError by field: unknown, locked, of a wrong type, out of bounds, or a prompt that fails its checks.
    """
    made, errors = dict(present), {}
    for name, given in values.items():
        field = TABLE.get(name)
        if field is None:
            errors[name] = ["Ce réglage n’existe pas."]
            continue
        try:
            value = _READERS[field.kind](field, given)
        except ValueError as error:
            errors[name] = [str(error)]
            continue
        if value == present.get(name):
            continue
        lock = writer_lock(field, agent, dedicated=dedicated)
        if lock and (value is not None or lock == RESERVED):
            errors[name] = [lock]
        elif value is None:
            made.pop(name, None)
        else:
            made[name] = value
    if not errors and made.get("system_prompt_append") and made.get("system_prompt_replace"):
        errors["system_prompt_append"] = ["Complétez les instructions ou remplacez-les : pas les deux."]
    if errors:
        raise InvalidError("Les réglages sont à corriger.", errors)
    return made


def _line(field: Override, given: Any) -> str | None:
    return _fitting(field, clean_line(_text(given)))


def _word(field: Override, given: Any) -> str | None:
    value = _text(given).strip()
    if value and not re.fullmatch(field.pattern, value):
        raise ValueError(field.hint)
    return _fitting(field, value)


def _prompt(field: Override, given: Any) -> str | None:
    value = _fitting(field, tidy(_text(given)))
    if value and (found := findings(value)):
        raise ValueError(explain(found))
    return value


def _number(field: Override, given: Any) -> float | None:
    if given in (None, ""):
        return None
    low, high = field.low or 0, field.high or 0
    words = f"Un nombre {'entier ' if field.kind == 'whole' else ''}entre {_plain(low)} et {_plain(high)}."
    whole = isinstance(given, int) or (isinstance(given, float) and given.is_integer())
    if isinstance(given, bool) or not isinstance(given, int | float) or not low <= given <= high or (field.kind == "whole" and not whole):
        raise ValueError(words)
    return int(given) if field.kind == "whole" else round(float(given), 2)


def _text(given: Any) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise ValueError("Un texte.")
    return given


def _fitting(field: Override, value: str) -> str | None:
    if len(value) > field.longest:
        raise ValueError(f"{_plain(field.longest)} caractères au plus ; il y en a {_plain(len(value))}.")
    return value or None


def _plain(number: float) -> str:
    return f"{number:,}".replace(",", "\u202f").replace(".", ",")


_READERS: dict[Kind, Callable[[Override, Any], Any]] = {
    "line": _line, "word": _word, "prompt": _prompt, "number": _number, "whole": _number,
}  # fmt: skip
