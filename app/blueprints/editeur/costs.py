"""What an editor's assistants cost, what his own keys pay apart, and what his budget still allows."""

from __future__ import annotations

from flask import Response

from app.billing.budgets import budget_of
from app.blueprints.cost_pages.exports import costs_csv, costs_xlsx
from app.blueprints.cost_pages.views import asked_costs, cost_words, file_name
from app.blueprints.editeur.blueprint import account_id, bp
from app.core import clock
from app.web.access import requires
from app.web.responding import respond


@bp.get("/couts")
@requires("costs.view")
def costs() -> Response:
    """The running month against the last one, by day, deployment and model."""
    words = cost_words(*asked_costs(account_id()), own=True)
    return respond("editeur/costs.html", **words, budget=budget_of(account_id()), today=clock.paris_day())


@bp.get("/couts.csv")
@requires("costs.view")
def costs_file() -> Response:
    """The lines of the same, for a spreadsheet."""
    period, wanted = asked_costs(account_id())
    return costs_csv(wanted, file_name(period))


@bp.get("/couts.xlsx")
@requires("costs.view")
def costs_workbook() -> Response:
    """The same as a workbook."""
    period, wanted = asked_costs(account_id())
    return costs_xlsx(wanted, file_name(period))
