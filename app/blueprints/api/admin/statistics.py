"""Figures of an editor and of a deployment."""

from __future__ import annotations

from typing import Any

from app.blueprints.api.admin.blueprint import bp
from app.blueprints.api.bodies import PeriodQuery, StatisticsOut
from app.blueprints.api.figures import statistics_of
from app.deployments.queries import deployment_in_reach
from app.identity.admin_queries import account_in_role
from app.web.access import requires


@bp.get("/editors/<editor_id>/stats")
@requires("stats.view")
@bp.arguments(PeriodQuery, location="query")
@bp.response(200, StatisticsOut)
def editor_statistics(period: dict[str, Any], editor_id: str) -> dict[str, Any]:
    """Conversations, messages, projects, conversion and time to the first word, by Paris day."""
    return statistics_of(editor_id=account_in_role(editor_id, "editeur").id, deployment_id=None, **period)


@bp.get("/deployments/<deployment_id>/stats")
@requires("stats.view")
@bp.arguments(PeriodQuery, location="query")
@bp.response(200, StatisticsOut)
def deployment_statistics(period: dict[str, Any], deployment_id: str) -> dict[str, Any]:
    """The same of one deployment."""
    return statistics_of(editor_id=None, deployment_id=deployment_in_reach(deployment_id).id, **period)
