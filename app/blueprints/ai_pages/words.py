"""What the templates of the control centre share: whose page it is, pills and sentences."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import current_app
from markupsafe import Markup
from sqlalchemy import Row

from app.core import format as french
from app.core.acting import STAFF_ROLES
from app.llm.credentials import KeyStatus
from app.llm.models import Provider
from app.web.access import signed_in

KINDS = {"key": "Clé", "config": "Configuration"}


def owner_id() -> str | None:
    """Whose configuration the acting person keeps: his account's, or the platform's (None) for its administrators."""
    actor = signed_in()
    return None if actor.role in STAFF_ROLES else actor.account_id


def words() -> dict[str, Any]:
    """For a blueprint's context processor."""
    return {
        "key_pill": key_pill,
        "key_words": key_words,
        "check_pill": check_pill,
        "yes_no": yes_no,
        "provider_icon": provider_icon,
        "price_words": price_words,
    }


def key_pill(status: KeyStatus) -> Markup:
    """Whether there is a key, and what its last test said."""
    if status.provider == "local":
        return _pill("ok", "Toujours là", "circle-check")
    if not status.configured:
        return _pill("neutral", "Non configurée", "circle-dashed")
    if status.ok is None:
        return _pill("wait", "À tester", "hourglass")
    return _pill("ok", "Fonctionne", "circle-check") if status.ok else _pill("bad", "Échec", "alert-circle")


def key_words(status: KeyStatus) -> str:
    """The server it is for, or what to do."""
    if status.provider == "local":
        return "Dans la plateforme, sans clé ni coût"
    return status.base_url or "Aucune clé enregistrée" if status.configured else "Aucune clé enregistrée"


def check_pill(check: Row[Any]) -> Markup:
    """What was tested, and whether it worked."""
    return _pill("ok" if check.ok else "bad", KINDS.get(check.kind, check.kind), "check" if check.ok else "alert-circle")


def yes_no(value: bool | None) -> str:
    """A result that may not have been looked at."""
    return {True: "Oui", False: "Non", None: "—"}[value]


def provider_icon(provider: Provider) -> str:
    """Where the provider runs: here, on a server of one's own, elsewhere."""
    return {"local": "cpu", "ollama": "server", "compatible": "plug-connected"}.get(provider.key, "cloud")


def price_words(amount: Decimal, currency: str) -> str:
    """« 2,50 USD »: at least two decimals, as many as it has."""
    digits = -int(amount.normalize().as_tuple().exponent)
    return f"{french.number(amount, max(2, digits))}\u00a0{'€' if currency == 'EUR' else currency}"


def _pill(kind: str, label: str, icon: str) -> Markup:
    ui: Any = current_app.jinja_env.globals["ui"]
    return Markup(ui.pill(kind, label, icon))
