"""The record of sensitive actions."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from app.audit.models import AuditEntry
from app.blueprints.admin.blueprint import bp
from app.blueprints.admin.journal_words import ACTIONS, ACTORS, FAMILIES, detail_words
from app.identity.admin_queries import journal, roles
from app.web.access import requires
from app.web.listing import asked_for, listed
from app.web.responding import respond


@bp.get("/journal")
@requires("audit.view")
def audit() -> ResponseReturnValue:
    """Who did what, the last first; by kind of action, by person, by object."""
    statement = journal(family=asked_for("action"), query=asked_for("q"), object_id=asked_for("objet"))
    page = listed(statement, {"quand": AuditEntry.position}, AuditEntry.id, default="-quand")
    return respond(
        "admin/journal.html",
        "liste",
        page=page,
        actions=ACTIONS,
        actors=ACTORS,
        families=[("", "Toutes les actions"), *FAMILIES],
        role_names={role.slug: role.name for role in roles()},
        detail_words=detail_words,
    )
