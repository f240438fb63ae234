"""How much the editor's assistants are used, all of them together, and by deployment (003 §7.3)."""

from __future__ import annotations

from flask import Response

from app.blueprints.deployment_pages.periods import asked_period, days_as_csv, words_of
from app.blueprints.editeur.blueprint import account_id, bp
from app.conversations.statistics import figures, shares
from app.web.access import requires
from app.web.responding import respond


@bp.get("/statistiques")
@requires("stats.view")
def statistics() -> Response:
    """The figures of a period and which deployment they come from."""
    period = asked_period()
    return respond(
        "editeur/statistics.html",
        shares=shares(editor_id=account_id(), since=period.since, until=period.until),
        **words_of(period, editor_id=account_id(), deployment_id=None),
    )


@bp.get("/statistiques.csv")
@requires("stats.view")
def statistics_file() -> Response:
    """The same by day, for a spreadsheet."""
    period = asked_period()
    found = figures(editor_id=account_id(), deployment_id=None, since=period.since, until=period.until)
    return days_as_csv(found, f"statistiques-{period.since}")
