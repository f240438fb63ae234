"""Every test, the last first, page by page (001 §8, “Diagnostics”)."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.billing.figures.calls import failed_calls
from app.blueprints.ai_pages.words import owner_id
from app.blueprints.cost_pages.words import call_words, error_words
from app.llm.check_queries import checks_of
from app.llm.models import ProviderCheck
from app.web.access import requires
from app.web.listing import asked_for, listed
from app.web.responding import respond

FAILURES = 30
RESULTS = {"reussi": True, "echec": False}


def add_diagnostics_page(bp: Blueprint) -> None:
    """Add `/intelligence-artificielle/diagnostics` to a portal."""

    @bp.get("/intelligence-artificielle/diagnostics")
    @requires("ai.manage")
    def ai_diagnostics() -> ResponseReturnValue:
        """The tests of this owner's keys and configurations, then what failed when they served."""
        statement = checks_of(owner_id())
        if (ok := RESULTS.get(asked_for("resultat"))) is not None:
            statement = statement.where(ProviderCheck.ok.is_(ok))
        page = listed(statement, {"quand": ProviderCheck.created_at}, ProviderCheck.id, default="-quand")
        failed, platform = failed_calls(owner_id(), FAILURES), owner_id() is None
        return respond(
            "ai/diagnostics.html", "liste", page=page, failed=failed, platform=platform, call_words=call_words, error_words=error_words
        )
