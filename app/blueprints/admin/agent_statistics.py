"""How an agent is used (000, statistics): uses, tenants, tokens, cost, latency, success, by day, editor and model."""

from __future__ import annotations

from typing import Any

from flask import Response

from app.agents.models import Agent
from app.billing.figures import AgentFigures, agent_figures
from app.blueprints.admin.blueprint import bp
from app.blueprints.cost_pages.exports import to_the_millionth
from app.blueprints.cost_pages.names import editor_names
from app.blueprints.cost_pages.words import purpose_words
from app.blueprints.deployment_pages.periods import PERIODS, asked_period, csv_answer, short_day, trend
from app.core.errors import NotFoundError
from app.extensions import db
from app.web.access import requires
from app.web.responding import respond

TITLES = [
    *("jour", "appels", "échecs", "clients", "jetons lus", "jetons écrits", "coût plateforme (€)", "coût clés propres (€)"),
    *("latence moyenne (ms)", "latence 95 % (ms)"),
]


@bp.get("/agents/<agent_id>/statistiques")
@requires("agents.manage")
def agent_statistics(agent_id: str) -> Response:
    """The last 7, 30 or 90 days, beside those before."""
    agent, period = _agent(agent_id), asked_period()
    found = agent_figures(agent.id, int(period.slug), until=period.until)
    return respond(
        "admin/agents/statistics.html",
        agent=agent,
        period=period,
        periods=PERIODS,
        figures=found,
        earlier=agent_figures(agent.id, int(period.slug), until=period.before_end),
        days=[short_day(day.key) for day in found.costs.days],
        editors=editor_names(one.key for one in found.costs.editors),
        purpose_words=purpose_words,
        trend=trend,
        **_series(found),
    )


@bp.get("/agents/<agent_id>/statistiques.csv")
@requires("agents.manage")
def agent_statistics_file(agent_id: str) -> Response:
    """The same by day, for a spreadsheet."""
    agent, period = _agent(agent_id), asked_period()
    found = agent_figures(agent.id, int(period.slug), until=period.until)
    rows = [
        [
            day.key.isoformat(),
            *(day.calls, day.failures, day.tenants, day.prompt_tokens, day.completion_tokens),
            *(to_the_millionth(day.cost), to_the_millionth(day.own_cost)),
            *(day.latency_ms, p95),
        ]
        for day, p95 in zip(found.costs.days, found.p95_days, strict=True)
    ]
    return csv_answer([list(TITLES), *rows], f"agent-{agent.slug}-{period.since}")


def _agent(agent_id: str) -> Agent:
    found = db.session.get(Agent, agent_id)
    if found is None:
        raise NotFoundError()
    return found


def _series(found: AgentFigures) -> dict[str, Any]:
    days = found.costs.days
    return {
        "calls": [
            {"label": "Réussis", "data": [day.calls - day.failures for day in days]},
            {"label": "En échec", "data": [day.failures for day in days]},
        ],
        "costs": [{"label": "Coût", "data": [round(float(day.whole_cost), 4) for day in days]}],
        "latencies": [
            {"label": "En moyenne", "data": [day.latency_ms for day in days]},
            {"label": "95 % des appels", "data": found.p95_days},
        ],
    }
