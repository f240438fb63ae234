"""Counters that differ from the log of calls are made again from it."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.audit.service import record
from app.billing.checked import ask_check
from app.blueprints.admin.blueprint import bp
from app.web.access import requires


@bp.post("/couts/recalcul")
@requires("costs.view")
def rebuild_costs() -> ResponseReturnValue:
    """Ask for it: a job does it, and compares again."""
    ask_check(rebuild=True)
    record("costs.rebuilt", None)
    flash("Les compteurs sont refaits à partir du journal des appels. Le résultat paraîtra en bas de cette page.", "info")
    return redirect(url_for(".costs"), code=303)
