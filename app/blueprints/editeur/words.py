"""How events, results and states are said in this portal."""

from __future__ import annotations

import json
from typing import Any, get_args

from flask import current_app
from markupsafe import Markup

from app.core import clock
from app.core.http import FailureKind, HttpFailure

EVENT_LABELS = {
    "session.started": "Premier message",
    "message.created": "Message écrit",
    "message.received": "Réponse de l’assistant",
    "file.uploaded": "Fichier reçu",
    "project.created": "Première estimation",
    "project.updated": "Estimation mise à jour",
    "session.completed": "Fin de conversation",
}
_SHORT_CAUSES: dict[FailureKind, str] = {
    "dns": "Nom introuvable",
    "connect": "Connexion refusée",
    "tls": "Certificat refusé",
    "timeout": "Sans réponse",
    "too_large": "Réponse trop longue",
    "protocol": "Réponse illisible",
}
SHORT_CAUSES = {HttpFailure(kind).message_fr: _SHORT_CAUSES[kind] for kind in get_args(FailureKind)}


def _ui() -> Any:
    return current_app.jinja_env.globals["ui"]


def is_leaving(delivery: Any) -> bool:
    """Whether a delivery is being sent or about to be: a page that shows it reads it again in a moment."""
    return delivery.status == "running" or (
        delivery.status == "queued" and delivery.next_at is not None and delivery.next_at <= clock.now()
    )


def result_pill(delivery: Any, retry_count: int | None = None) -> Markup:
    """Where a delivery stands: « 200 », « 503 · essai 3/9 », « Certificat refusé »."""
    cause = str(delivery.status_code) if delivery.status_code else SHORT_CAUSES.get(delivery.error or "", "Échec")
    if delivery.status == "success":
        return _ui().pill("ok", cause if delivery.attempts < 2 else f"{cause} · essai {delivery.attempts}", "check")
    if delivery.status == "failed":
        return _ui().pill("bad", cause if delivery.attempts else "Non envoyé", "x")
    if delivery.status == "queued" and delivery.next_at is None:
        return _ui().pill("wait", "Retenu", "player-pause")
    if delivery.status == "running":
        return _ui().pill("info", "En cours", "loader-2")
    if not delivery.attempts or is_leaving(delivery):
        return _ui().pill("info", "En file", "hourglass")
    # The one to come counts even where the endpoint was given fewer tries meanwhile.
    tries = f"essai {delivery.attempts}" + (f"/{max(retry_count, delivery.attempts) + 1}" if retry_count is not None else "")
    return _ui().pill("wait", f"{cause} · {tries}", "clock")


def pretty(body: str) -> str:
    """A JSON body, indented, whose amounts keep the decimals they were sent with."""
    mark = "\x00"
    read = json.loads(body, parse_float=lambda digits: f"{mark}{digits}{mark}")
    escaped = json.dumps(mark)[1:-1]
    return json.dumps(read, ensure_ascii=False, indent=2).replace(f'"{escaped}', "").replace(f'{escaped}"', "")
