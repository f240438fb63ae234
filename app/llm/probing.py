"""Asking a provider whether a key opens it and whether a model answers: two questions, at most 10 s in all."""

from __future__ import annotations

import time
from dataclasses import dataclass

from app.llm.errors import ProviderError
from app.llm.gateway import ModelChoice, list_models, stream_completion

SECONDS = 10.0
_LEAST_SECONDS = 1.0
_QUESTION = [{"role": "user", "content": "Répondez par oui."}]
_TOKENS = 16
BLOCKED = "blocked_address"
_SAID = {
    "auth": "Le fournisseur refuse cette clé.",
    "model": "Ce modèle n’existe pas chez ce fournisseur, ou n’est pas ouvert à cette clé.",
    "rate_limited": "Le fournisseur limite les appels de cette clé, ou son crédit est épuisé : réessayez plus tard.",
    "overloaded": "Le fournisseur est en panne ou surchargé : réessayez plus tard.",
    "timeout": f"Le fournisseur n’a pas répondu en {SECONDS:.0f} secondes.",
    "unreachable": "Le serveur est injoignable à cette adresse.",
    "blocked": "Cette adresse n’est pas joignable depuis la plateforme, qui n’appelle que des adresses publiques.",
    "refused": "Le fournisseur refuse la demande.",
    "bad_response": "Ce serveur ne répond pas comme un fournisseur compatible OpenAI : vérifiez l’adresse.",
    "cut": "Le fournisseur a coupé la connexion.",
}
KEY_WORKS = "La clé est acceptée par le fournisseur."
MODEL_WORKS = "La clé est acceptée et le modèle répond."


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of the questions. `model_ok` stays None when the model was not asked, or could not be."""

    key_ok: bool | None
    model_ok: bool | None
    latency_ms: int
    error_kind: str | None
    said_fr: str


def probe_key(choice: ModelChoice, models: list[str]) -> Finding:
    """GET /models; a server that has none, or guards it otherwise, is asked a word of one of `models` instead."""
    begun = time.monotonic()
    try:
        list_models(choice, seconds=SECONDS)
    except ProviderError as error:
        failure: ProviderError | None = error
        if models and error.kind in ("auth", "refused", "bad_response") and error.code != BLOCKED:
            failure = _ask(choice.with_model(models[0]), begun)
    else:
        failure = None
    if failure is None or _about_the_model(failure):
        return Finding(True, None, _since(begun), None, KEY_WORKS)
    kind = _kind(failure)
    key_ok = False if kind == "auth" else True if kind == "rate_limited" else None
    return Finding(key_ok, None, _since(begun), kind, _said(kind, failure))


def probe_model(choice: ModelChoice) -> Finding:
    """Ask the model for a word. When it is refused, the list of models tells whether the key is the reason."""
    begun = time.monotonic()
    failure = _ask(choice, begun)
    if failure is None:
        return Finding(True, True, _since(begun), None, MODEL_WORKS)
    latency, kind = _since(begun), _kind(failure)
    if failure.status == 401:
        return Finding(False, None, latency, kind, _said(kind, failure))
    if kind == "rate_limited":
        return Finding(True, None, latency, kind, _said(kind, failure))
    if kind in ("auth", "refused"):
        key_ok, listed = _listed(choice, begun)
        if _about_the_model(failure) or (key_ok and (failure.status in (403, 404) or choice.model not in listed)):
            return Finding(key_ok is not False, False, latency, "model", _SAID["model"])
        if failure.status == 404:
            kind = "bad_response"
        return Finding(False if kind == "auth" else key_ok, None, latency, kind, _said(kind, failure))
    return Finding(None, None, latency, kind, _said(kind, failure))


def _ask(choice: ModelChoice, begun: float) -> ProviderError | None:
    try:
        for _ in stream_completion(choice, _QUESTION, [], temperature=0.0, max_tokens=_TOKENS, seconds=_left(begun)):
            pass
    except ProviderError as error:
        return error
    return None


def _listed(choice: ModelChoice, begun: float) -> tuple[bool | None, list[str]]:
    """Whether the list of models opens to the key, and what is on it; None when there is no list."""
    try:
        return True, list_models(choice, seconds=_left(begun))
    except ProviderError as error:
        return False if error.status == 401 else None, []


def _about_the_model(error: ProviderError) -> bool:
    """A server that misses the model has let the key in."""
    return error.kind in ("auth", "refused") and error.status != 401 and "model" in error.code


def _kind(error: ProviderError) -> str:
    return "blocked" if error.code == BLOCKED else error.kind


def _said(kind: str, error: ProviderError) -> str:
    said = _SAID.get(kind, _SAID["bad_response"])
    return f"{said} (HTTP {error.status})" if error.status and kind in ("refused", "overloaded") else said


def _left(begun: float) -> float:
    return max(_LEAST_SECONDS, SECONDS - (time.monotonic() - begun))


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
