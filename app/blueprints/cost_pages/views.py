"""What `billing/_costs.html` reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.billing.figures import CostFigures, Figure, Wanted, cost_figures
from app.blueprints.cost_pages.asked import asked_calls, choices
from app.blueprints.cost_pages.names import agent_names, deployment_names, editor_names
from app.blueprints.cost_pages.periods import CostPeriod, asked_cost_period, offered_periods
from app.blueprints.cost_pages.words import purpose_words
from app.blueprints.deployment_pages.periods import short_day, trend
from app.web.listing import asked_for

FILTERS = ("periode", "editeur", "agent", "deploiement", "modele", "usage")
SHOWN = 30
"""Lines of a group on the page; the files have all."""


@dataclass(frozen=True, slots=True)
class Group:
    """One way of adding up: its title, its column, the filter that a line sets, its figures (dearest first), their names."""

    title: str
    column: str
    parameter: str
    figures: list[Figure]
    names: dict[str, str]

    @property
    def shown(self) -> list[Figure]:
        """The dearest ones."""
        return self.figures[:SHOWN]


def asked_costs(editor_id: str | None = None) -> tuple[CostPeriod, Wanted]:
    """The period and the calls that the URL asks for; `editor_id` when the reader is one."""
    period = asked_cost_period()
    return period, asked_calls(period.since, period.until, editor_id=editor_id)


def file_name(period: CostPeriod) -> str:
    """Of an export, without its ending."""
    return f"couts-{period.since}-{period.until}"


def cost_words(period: CostPeriod, wanted: Wanted, *, own: bool = False) -> dict[str, Any]:
    """The figures of a period beside those before it, the names they bear, the filters; `own`: read by an editor."""
    figures = cost_figures(wanted)
    return {
        "period": period,
        "figures": figures,
        "earlier": cost_figures(wanted.within(period.before_since, period.before_until)).total,
        "fields": [{"name": "periode", "label": "Période", "options": offered_periods()}, *choices(wanted, own=own)],
        "filtered": {name: asked_for(name) for name in FILTERS if asked_for(name)},
        "chart": chart_of(figures),
        "day_names": [short_day(day.key) for day in figures.days],
        "groups": [*(_own_groups(figures) if own else _groups(figures)), _models(figures), _purposes(figures)],
        "trend": trend,
    }


def _groups(figures: CostFigures) -> list[Group]:
    return [
        Group("Par éditeur", "Éditeur", "editeur", figures.editors, editor_names(one.key for one in figures.editors)),
        Group("Par agent", "Agent", "agent", figures.agents, agent_names(one.key for one in figures.agents)),
    ]


def _own_groups(figures: CostFigures) -> list[Group]:
    names = deployment_names(one.key for one in figures.deployments)
    return [Group("Par déploiement", "Déploiement", "deploiement", figures.deployments, names)]


def _models(figures: CostFigures) -> Group:
    return Group("Par modèle", "Modèle", "modele", figures.models, {one.key: one.key for one in figures.models})


def _purposes(figures: CostFigures) -> Group:
    return Group("Par usage", "Usage", "usage", figures.purposes, {one.key: purpose_words(one.key) for one in figures.purposes})


def chart_of(figures: CostFigures) -> list[dict[str, Any]]:
    """Euros by day, own keys apart when there are any."""
    series = [{"label": "Clés de la plateforme", "data": [round(float(day.cost), 4) for day in figures.days]}]
    if figures.total.own_calls:
        series.append({"label": "Clés propres", "data": [round(float(day.own_cost), 4) for day in figures.days]})
    return series
