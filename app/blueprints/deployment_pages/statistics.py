"""How much a deployment is used, and what comes of it (003 §7.3)."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.blueprints.deployment_pages.periods import asked_period, days_as_csv, words_of
from app.conversations.statistics import figures
from app.deployments.queries import deployment_in_reach
from app.web.access import requires
from app.web.responding import respond


def add_statistics_pages(bp: Blueprint) -> None:
    """Add `/deploiements/<id>/statistiques` and its file to a portal."""

    @bp.get("/deploiements/<deployment_id>/statistiques")
    @requires("deployments.manage")
    def deployment_statistics(deployment_id: str) -> ResponseReturnValue:
        """Conversations, messages, estimates, conversion and the wait for a first word, by day."""
        deployment = deployment_in_reach(deployment_id)
        words = words_of(asked_period(), editor_id=deployment.editor_id, deployment_id=deployment.id)
        return respond("deployments/statistics.html", deployment=deployment, **words)

    @bp.get("/deploiements/<deployment_id>/statistiques.csv")
    @requires("deployments.manage")
    def deployment_statistics_file(deployment_id: str) -> ResponseReturnValue:
        """The same by day, for a spreadsheet."""
        deployment, period = deployment_in_reach(deployment_id), asked_period()
        found = figures(editor_id=deployment.editor_id, deployment_id=deployment.id, since=period.since, until=period.until)
        return days_as_csv(found, f"statistiques-{deployment.id}-{period.since}")
