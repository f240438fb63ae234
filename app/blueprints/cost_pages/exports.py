"""Costs and calls as files for a spreadsheet: CSV, and a workbook with a sheet for each way of adding up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from flask import Response

from app.billing.figures import CostFigures, Figure, Wanted, cost_figures, cost_rows
from app.blueprints.cost_pages.names import Names, agent_names, deployment_names, editor_names
from app.blueprints.cost_pages.words import purpose_words
from app.blueprints.deployment_pages.periods import csv_answer
from app.core.workbook import MIMETYPE, Sheet, write_xlsx

SUMS = ["Appels", "Échecs", "Jetons lus", "Jetons écrits", "Appels estimés", "Coût (€)"]
DETAIL = ["Jour", "Éditeur", "Agent", "Déploiement", "Fournisseur", "Modèle", "Usage", "Clé", *SUMS]
PAID_BY_US, PAID_BY_THEM = "plateforme", "propre"
_PLACES = Decimal("0.000001")


def to_the_millionth(amount: Decimal) -> Decimal:
    """What a call costs is often below a thousandth of a euro."""
    return amount.quantize(_PLACES)


def costs_csv(wanted: Wanted, name: str) -> Response:
    """The finest lines, for a French spreadsheet."""
    return csv_answer([list(DETAIL), *_details(wanted)], name)


def costs_xlsx(wanted: Wanted, name: str) -> Response:
    """A sheet of the finest lines, then one by day, editor, agent, deployment, model and purpose."""
    found = cost_figures(wanted)
    editors, agents, deployments = _names_of(found)
    sheets = [
        Sheet("Détail", DETAIL, list(_details(wanted))),
        _sheet("Par jour", "Jour", ((day.key, day) for day in found.days)),
        _sheet("Par éditeur", "Éditeur", _named(found.editors, editors)),
        _sheet("Par agent", "Agent", _named(found.agents, agents)),
        _sheet("Par déploiement", "Déploiement", _named(found.deployments, deployments)),
        _sheet("Par modèle", "Modèle", ((one.key, one) for one in found.models)),
        _sheet("Par usage", "Usage", ((purpose_words(one.key), one) for one in found.purposes)),
    ]
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"', "Cache-Control": "no-store"}
    return Response(write_xlsx(sheets), mimetype=MIMETYPE, headers=headers)


def _details(wanted: Wanted) -> Iterator[list[Any]]:
    rows = cost_rows(wanted)
    editors = editor_names({row.editor_id for row in rows})
    agents = agent_names({row.agent_id for row in rows})
    deployments = deployment_names({row.deployment_id for row in rows})
    for row in rows:
        yield [
            row.day,
            editors.get(row.editor_id, row.editor_id),
            agents.get(row.agent_id, row.agent_id),
            deployments.get(row.deployment_id, row.deployment_id),
            row.provider,
            row.model,
            purpose_words(row.purpose),
            PAID_BY_THEM if row.own else PAID_BY_US,
            int(row.calls),
            int(row.failures),
            int(row.prompt_tokens),
            int(row.completion_tokens),
            int(row.estimated_calls),
            to_the_millionth(row.cost + row.own_cost),
        ]


def _sheet(name: str, title: str, figures: Iterable[tuple[Any, Figure]]) -> Sheet:
    titles = [title, *SUMS[:-1], "Coût, clés de la plateforme (€)", "Coût, clés propres (€)"]
    rows = [
        [
            key,
            one.calls,
            one.failures,
            one.prompt_tokens,
            one.completion_tokens,
            one.estimated_calls,
            to_the_millionth(one.cost),
            to_the_millionth(one.own_cost),
        ]
        for key, one in figures
    ]
    return Sheet(name, titles, rows)


def _named(figures: Sequence[Figure], names: Names) -> Iterator[tuple[str, Figure]]:
    return ((names.get(one.key, one.key), one) for one in figures)


def _names_of(found: CostFigures) -> tuple[Names, Names, Names]:
    return (
        editor_names(one.key for one in found.editors),
        agent_names(one.key for one in found.agents),
        deployment_names(one.key for one in found.deployments),
    )
