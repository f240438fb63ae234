"""Refusals of a conversation, each with the code the chat page words (CONTRACT.md, HTTP)."""

from __future__ import annotations

from app.core.errors import DomainError, ForbiddenError, GoneError

SENTENCES = {
    "expired": "Ce lien n’est plus valable. Demandez-en un nouveau à l’artisan.",
    "revoked": "Ce lien a été retiré. Demandez-en un nouveau à l’artisan.",
    "suspended": "Ce service est momentanément suspendu.",
    "deleted": "Cette conversation a été supprimée.",
}
CODES = {"expired": "session_expired", "revoked": "link_revoked", "suspended": "deployment_suspended", "deleted": "session_deleted"}


def closed(state: str) -> DomainError:
    """The refusal of a link or session that is not open. `state` as the doors give it."""
    kind = ForbiddenError if state in ("suspended", "revoked") else GoneError
    return kind(SENTENCES[state], code=CODES[state])
