"""Where an owner stands with his model: ready, or what is missing, in words (001 §4, “Visual feedback”)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.extensions import settings
from app.llm.credentials import KeyStatus
from app.llm.gateway import platform_choice
from app.llm.models import ActiveModel


@dataclass(frozen=True, slots=True)
class Standing:
    """What the first card says. `steps` tell the key and the model apart; `testable`: there is something to test."""

    kind: str
    word: str
    icon: str
    title: str
    text: str = ""
    provider_name: str = ""
    testable: bool = False
    tested_at: datetime | None = None
    latency_ms: int | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    fix: str = ""
    """What the button does that gives another key, when that is what helps: its words."""
    provider: str = ""


def standing_of(
    owner_id: str | None, active: ActiveModel | None, keys: Mapping[str, KeyStatus], check: Row[Any] | None, model_name: str
) -> Standing:
    """`check` is the last test of this very configuration, `keys` the owner's keys by provider."""
    if active is None:
        return _nothing_active(owner_id)
    provider = active.provider
    built_in = provider.key == "local"
    about = {
        "title": provider.name if built_in else f"{provider.name} · {model_name}",
        "provider_name": provider.name,
        "provider": provider.key,
    }
    status = keys.get(provider.key)
    if not built_in and (status is None or not status.configured):
        text = f"La clé {provider.name} manque : ce modèle ne peut pas répondre. Enregistrez-la de nouveau."
        return Standing("bad", "Clé manquante", "key", text=text, fix="Enregistrer la clé", **about)
    if active.tested_at is None:
        return Standing("wait", "À tester", "hourglass", text="Activé, mais pas encore essayé.", testable=True, **about)
    steps = _steps(provider.name, active.model_key, check) if check and not built_in else []
    tested: dict[str, Any] = {**about, "testable": True, "tested_at": active.tested_at, "steps": steps}
    if active.test_ok:
        return Standing("ok", "Prêt", "circle-check", latency_ms=active.test_latency_ms, **tested)
    refused = check is not None and check.api_key_ok is False and not built_in
    fix = "Remplacer la clé" if refused else ""
    return Standing("bad", "Ne répond pas", "alert-circle", text="" if steps else active.test_error or "", fix=fix, **tested)


def _nothing_active(owner_id: str | None) -> Standing:
    if owner_id:
        text = "Vous n’avez rien à régler : vos assistants répondent avec le modèle de la plateforme. Le vôtre ne sert qu’à partir du moment où vous l’activez."
        return Standing("info", "Rien à faire", "info-circle", "Modèle de la plateforme", text)
    server = platform_choice(settings())
    if server is not None:
        text = "Donné par la configuration du serveur (AI_BASE_URL, AI_MODEL). Un modèle activé ici passe avant lui."
        return Standing("info", "Réglé sur le serveur", "server", server.model, text)
    text = "Sans modèle activé, c’est lui qui répond : il suit le parcours d’un devis sans modèle de langage. Activez un modèle pour aller plus loin."
    return Standing("wait", "Aucun modèle", "hourglass", "Moteur local (démonstration, sans LLM)", text)


def _steps(provider: str, model: str, check: Row[Any]) -> list[dict[str, Any]]:
    """The key, then the model: each says whether it works, and the one that fails says why."""
    key_failed = check.api_key_ok is False
    key_words = {True: f"Clé acceptée par {provider}", False: f"Clé refusée par {provider}", None: "Clé non vérifiée"}
    model_words = {True: f"Modèle {model} accessible", False: f"Modèle {model} inaccessible", None: "Modèle non vérifié"}
    state = {True: "done", False: "failed", None: "todo"}
    key: dict[str, Any] = {"title": key_words[check.api_key_ok], "state": state[check.api_key_ok]}
    reached: dict[str, Any] = {"title": model_words[check.model_accessible], "state": state[check.model_accessible]}
    if not check.ok:
        (key if key_failed or check.api_key_ok is None else reached)["note"] = check.said_fr
    return [key, reached]
