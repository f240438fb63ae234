"""The blueprint: an editor's key, a personal token, or a signed-in session; and whose configuration the caller keeps."""

from __future__ import annotations

from app.blueprints.api.ways_in import opened_to_accounts
from app.core.acting import STAFF_ROLES
from app.web.access import signed_in
from app.web.api import ApiBlueprint

DESCRIPTION = (
    "Centre de pilotage IA : clé d’éditeur (`X-API-Key`), jeton personnel (`Authorization: Bearer`), ou session ouverte dans le "
    "navigateur, avec `X-CSRFToken` pour écrire. Un administrateur règle ici le défaut de la plateforme."
)

bp = ApiBlueprint(
    "ai_api",
    __name__,
    url_prefix="/api",
    description=DESCRIPTION,
    security=[{"apiKey": []}, {"bearer": []}],
)
opened_to_accounts(bp, "editeur", "artisan", "admin", "super-admin")


def owner_id() -> str | None:
    """The caller's account; None, the platform, for its administrators."""
    actor = signed_in()
    return None if actor.role in STAFF_ROLES else actor.account_id
