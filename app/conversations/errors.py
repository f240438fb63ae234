"""Refusals of a conversation, each with the code the chat page words (CONTRACT.md, HTTP)."""

from __future__ import annotations

from app.billing.quotas import Refusal
from app.conversations.parties import Scene
from app.core.errors import DomainError, ForbiddenError, GoneError, LimitError
from app.core.identifiers import format_phone_fr

SENTENCES = {
    "expired": "Ce lien n’est plus valable. Demandez-en un nouveau à l’artisan.",
    "revoked": "Ce lien a été retiré. Demandez-en un nouveau à l’artisan.",
    "deactivated": "Cet assistant a été arrêté par le site qui le propose.",
    "suspended": "Ce service est momentanément suspendu.",
    "deleted": "Cette conversation a été supprimée.",
}
CODES = {
    "expired": "session_expired",
    "revoked": "link_revoked",
    "deactivated": "deployment_suspended",
    "suspended": "account_suspended",
    "deleted": "session_deleted",
}


def closed(state: str) -> DomainError:
    """The refusal of a link or session that is not open. `state` as the doors give it."""
    kind = ForbiddenError if state in ("deactivated", "suspended", "revoked") else GoneError
    return kind(SENTENCES[state], code=CODES[state])


def over_quota(scene: Scene, refusal: Refusal) -> LimitError:
    """What a visitor is told when a limit is used up: no number, no blame, and whom to call."""
    when = "aujourd’hui" if refusal.limit == "deployment" else "pour le moment"
    phone = format_phone_fr(scene.artisan_phone) if scene.artisan_phone else None
    after = f"Appelez {scene.artisan_name} au {phone}." if phone else f"Contactez {scene.artisan_name} pour la suite."
    return LimitError(
        f"L’assistant a reçu beaucoup de demandes et ne peut plus répondre {when}. {after}",
        code=refusal.code,
        retry_after=refusal.retry_after,
        details={"artisan_name": scene.artisan_name, "phone": phone},
    )
