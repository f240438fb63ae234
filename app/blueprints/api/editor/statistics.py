"""Figures and usage of an editor (003 §6.3)."""

from __future__ import annotations

from typing import Any

from app.billing.plans import limits_of
from app.blueprints.api.bodies import EditorUsageOut, PeriodQuery, StatisticsOut
from app.blueprints.api.editor.blueprint import bp
from app.blueprints.api.figures import statistics_of
from app.core import clock
from app.deployments.admin_queries import usage_of
from app.web.access import requires, signed_in


@bp.get("/stats")
@requires("stats.view")
@bp.arguments(PeriodQuery, location="query")
@bp.response(200, StatisticsOut)
def statistics(period: dict[str, Any]) -> dict[str, Any]:
    """Conversations, messages, projects, conversion and time to the first word, by Paris day."""
    return statistics_of(editor_id=signed_in().account_id, deployment_id=None, **period)


@bp.get("/usage")
@requires("stats.view")
@bp.response(200, EditorUsageOut)
def usage() -> dict[str, Any]:
    """What was counted in this Paris month and in the last ones, and what the plan gives."""
    editor_id, month = signed_in().account_id or "", clock.paris_month()
    months = usage_of(editor_id)
    current = next((counted for counted in months if counted.month == month), {"month": month, "sessions": 0, "messages": 0})
    return {"current": current, "plan": limits_of(editor_id), "months": months}
