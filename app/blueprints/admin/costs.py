"""What models cost: the whole platform, by day, editor, agent and model (003 §9)."""

from __future__ import annotations

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.billing.budgets import budgets_of
from app.billing.checked import ask_check, last_check
from app.blueprints.admin.blueprint import bp
from app.blueprints.cost_pages.exports import costs_csv, costs_xlsx
from app.blueprints.cost_pages.views import asked_costs, cost_words, file_name
from app.web.access import requires
from app.web.responding import respond


@bp.get("/couts")
@requires("costs.view")
def costs() -> Response:
    """The running month against the last one; filters in the URL."""
    words = cost_words(*asked_costs())
    editors = [one.key for one in words["groups"][0].shown if one.key]
    return respond("admin/costs.html", **words, budgets=budgets_of(editors), checked=last_check())


@bp.get("/couts.csv")
@requires("costs.view")
def costs_file() -> Response:
    """The lines of the same, for a spreadsheet."""
    period, wanted = asked_costs()
    return costs_csv(wanted, file_name(period))


@bp.get("/couts.xlsx")
@requires("costs.view")
def costs_workbook() -> Response:
    """The same as a workbook."""
    period, wanted = asked_costs()
    return costs_xlsx(wanted, file_name(period))


@bp.get("/couts/verification")
@requires("costs.view")
def costs_check() -> Response:
    """What the last comparison of counters with the log found, as a piece of the page."""
    return respond("billing/_checked.html", checked=last_check())


@bp.post("/couts/verification")
@requires("costs.view")
def check_costs() -> ResponseReturnValue:
    """Compare again."""
    ask_check()
    flash("Les compteurs sont comparés au journal des appels. Le résultat paraîtra en bas de cette page.", "info")
    return redirect(url_for(".costs"), code=303)
