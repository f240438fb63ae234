"""A comparison of two versions: its progress, then the answers side by side."""

from __future__ import annotations

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.agents.queries import agent_by_id
from app.blueprints.admin.blueprint import bp
from app.blueprints.admin.trial_words import trial_view
from app.core import format as french
from app.core.errors import ConflictError
from app.evaluation import comparing
from app.evaluation.results import result_of
from app.evaluation.rules import WORDS
from app.web.access import requires
from app.web.listing import asked_for
from app.web.responding import respond, wants_fragment


@bp.get("/agents/<agent_id>/comparaisons/<run_id>")
@requires("agents.manage")
def agent_comparison(agent_id: str, run_id: str) -> ResponseReturnValue:
    """Both sides, question by question; the open page asks again until the last answer came (204 while nothing new did)."""
    agent, run = agent_by_id(agent_id), comparing.comparison_of(agent_id, run_id)
    result = result_of(run)
    if wants_fragment() and asked_for("vu") == str(result.ended) and not result.is_over:
        return Response(status=204)
    return respond(
        "admin/agents/comparison.html",
        "resultat",
        agent=agent,
        run=run,
        result=result,
        pairs=[(pair, {side: trial_view(trial) for side, trial in pair.sides.items()}) for pair in result.pairs],
        words=WORDS,
    )


@bp.post("/agents/<agent_id>/comparaisons/<run_id>/arret")
@requires("agents.manage")
def cancel_agent_comparison(agent_id: str, run_id: str) -> ResponseReturnValue:
    """Give up what is not answered yet."""
    try:
        comparing.cancel(comparing.comparison_of(agent_id, run_id, for_update=True))
    except ConflictError as error:
        flash(error.message, "error")
    else:
        flash("Comparaison arrêtée. Les réponses déjà venues sont gardées.", "success")
    return redirect(url_for(".agent_comparison", agent_id=agent_id, run_id=run_id), code=303)


@bp.post("/agents/<agent_id>/comparaisons/<run_id>/reprise")
@requires("agents.manage")
def retry_agent_comparison(agent_id: str, run_id: str) -> ResponseReturnValue:
    """Ask again what failed or was given up."""
    try:
        count = comparing.retry(comparing.comparison_of(agent_id, run_id, for_update=True))
    except ConflictError as error:
        flash(error.message, "error")
    else:
        flash(f"{french.plural(count, 'essai repris', 'essais repris')}.", "success")
    return redirect(url_for(".agent_comparison", agent_id=agent_id, run_id=run_id), code=303)
