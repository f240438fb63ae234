"""The log of model calls, one by one: what it cost, how long it took, why it failed. No message is in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response

from app.billing.figures import Wanted
from app.billing.figures.calls import call_by_id, calls_of, error_classes
from app.billing.models import UsageLog
from app.blueprints.admin.blueprint import bp
from app.blueprints.cost_pages.asked import asked_calls, choices
from app.blueprints.cost_pages.exports import to_the_millionth
from app.blueprints.cost_pages.names import account_names, agent_names, deployment_names, editor_names
from app.blueprints.cost_pages.words import call_words, error_words
from app.blueprints.deployment_pages.periods import csv_answer
from app.core import clock
from app.extensions import db
from app.web.access import requires
from app.web.listing import asked_for, listed
from app.web.responding import respond

PERIODS = {"1": "Aujourd’hui", "7": "7 jours", "30": "30 jours", "90": "90 jours"}
DEFAULT_PERIOD = "30"
OUTCOMES = [("", "Tous les résultats"), ("ok", "Réussis"), ("error", "En échec")]
EXPORTED = 10_000
"""Lines of a file; the newest."""
TITLES = [
    *("quand", "fournisseur", "modèle", "usage", "agent", "éditeur", "jetons lus", "jetons écrits", "estimé", "coût (€)"),
    *("clé", "durée (ms)", "premier mot (ms)", "résultat", "erreur", "identifiant"),
]


@bp.get("/appels")
@requires("costs.view")
def calls() -> Response:
    """Every call of a period, the newest first."""
    wanted = _wanted()
    page = listed(_asked(wanted), {"quand": UsageLog.created_at}, UsageLog.id, default="-quand")
    return respond(
        "admin/calls/list.html",
        "liste",
        page=page,
        fields=_fields(wanted),
        filtered={
            name: asked_for(name) for name in ("periode", "editeur", "agent", "modele", "usage", "resultat", "erreur") if asked_for(name)
        },
        exported=EXPORTED,
        **_names(page.rows),
    )


@bp.get("/appels.csv")
@requires("costs.view")
def calls_file() -> Response:
    """The newest of them, for a spreadsheet."""
    wanted = _wanted()
    found = db.session.execute(_asked(wanted).order_by(UsageLog.created_at.desc(), UsageLog.id.desc()).limit(EXPORTED)).all()
    names = _names(found)
    lines = [_line(row, names["agents"], names["editors"]) for row in found]
    return csv_answer([list(TITLES), *lines], f"appels-{wanted.since}-{wanted.until}")


@bp.get("/appels/<call_id>")
@requires("costs.view")
def call(call_id: str) -> Response:
    """One call: tokens, cost, latency, error."""
    found = call_by_id(call_id)
    accounts = account_names([found.editor_id, found.artisan_id, found.user_id, found.paid_by])
    return respond(
        "admin/calls/show.html",
        call=found,
        accounts=accounts,
        agent=agent_names([found.agent_id]).get(found.agent_id or ""),
        deployment=deployment_names([found.deployment_id]).get(found.deployment_id) if found.deployment_id else None,
        error_words=error_words,
        call_words=call_words,
    )


def _wanted() -> Wanted:
    asked = asked_for("periode") if asked_for("periode") in PERIODS else DEFAULT_PERIOD
    today = clock.paris_day()
    return asked_calls(today - timedelta(days=int(asked) - 1), today)


def _asked(wanted: Wanted) -> Any:
    return calls_of(wanted, outcome=asked_for("resultat"), error_class=asked_for("erreur"))


def _fields(wanted: Wanted) -> list[dict[str, Any]]:
    errors = sorted({*error_classes(wanted), *([asked_for("erreur")] if asked_for("erreur") else [])}, key=error_words)
    periods = [("" if days == DEFAULT_PERIOD else days, words) for days, words in PERIODS.items()]
    return [
        {"name": "periode", "label": "Période", "options": periods},
        {"name": "resultat", "label": "Résultat", "options": OUTCOMES},
        {"name": "erreur", "label": "Erreur", "options": [("", "Toutes les erreurs"), *((one, error_words(one)) for one in errors)]},
        *choices(wanted),
    ]


def _names(rows: Any) -> dict[str, Any]:
    return {
        "agents": agent_names({row.agent_id for row in rows}),
        "editors": editor_names({row.editor_id for row in rows}),
        "error_words": error_words,
        "call_words": call_words,
    }


def _line(row: Any, agents: dict[str, str], editors: dict[str, str]) -> list[object]:
    return [
        row.created_at.astimezone(clock.PARIS).strftime("%Y-%m-%d %H:%M:%S"),
        row.provider,
        row.model,
        call_words(row.purpose),
        agents.get(row.agent_id or "", row.agent_id),
        editors.get(row.editor_id or "", row.editor_id),
        row.prompt_tokens,
        row.completion_tokens,
        "oui" if row.estimated else "non",
        to_the_millionth(row.cost_eur),
        "propre" if row.paid_by else "plateforme",
        row.latency_ms,
        row.ttft_ms,
        "réussi" if row.success else "échec",
        "" if row.success else error_words(row.error_class),
        row.id,
    ]
