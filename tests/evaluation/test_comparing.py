"""Two versions on the same questions: a few at a time, cancelled, taken up again, with the built-in engine and with a model server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.agents.editing import change_agent
from app.billing.models import UsageLog
from app.core import clock
from app.core.errors import ConflictError, InvalidError
from app.evaluation import questions as verbs
from app.evaluation.comparing import cancel, compare, comparison_of, retry
from app.evaluation.models import Question, Trial
from app.evaluation.queueing import AT_ONCE
from app.evaluation.results import Result, result_of, standings
from app.evaluation.sweeping import sweep_trials
from app.extensions import db
from tests.evaluation.conftest import agent, trials
from tests.factories import committing
from tests.support.model_server import ModelServer, Reply

RunJobs = Callable[[], list[str]]
BATHROOM = ["Je veux refaire ma salle de bain, 8 m², douche italienne, carrelage mural et sol", "Je n’ai pas de photos"]


@pytest.fixture
def questions(agent_id: str, as_admin: Any) -> list[str]:
    """Three questions in place of the house's own."""
    with as_admin():
        db.session.execute(db.delete(Question))
        found = agent(agent_id)
        return [
            verbs.add_question(found, {"title": "Salle de bain", "messages": BATHROOM, "rule": "total", "expected": "6 948,00"}).id,
            verbs.add_question(found, {"title": "Vague", "messages": ["Bonjour"], "rule": "refused"}).id,
            verbs.add_question(found, {"title": "Accueil", "messages": ["Bonjour"], "rule": "contains", "expected": "bonjour"}).id,
        ]


@pytest.fixture
def start(agent_id: str, as_admin: Any, questions: list[str]) -> Callable[..., str]:
    """A second version, and a comparison of both; the id of the run."""

    def begin(a_model: str = "", b_model: str = "") -> str:
        with as_admin():
            change_agent(agent(agent_id), {"system_prompt": "Tu es bref."}, "Plus bref")
            return compare(agent(agent_id), {"a": {"version": "1", "model": a_model}, "b": {"version": "2", "model": b_model}}).id

    return begin


def result(agent_id: str, run_id: str) -> Result:
    with committing():
        return result_of(comparison_of(agent_id, run_id))


def test_the_built_in_engine_answers_both_sides(start: Callable[..., str], run_jobs: RunJobs, agent_id: str) -> None:
    run_id = start("local", "local")
    run_jobs()
    found = result(agent_id, run_id)
    assert (found.state, found.ended, found.count, found.lost) == ("done", 6, 6, 0)
    for side in ("a", "b"):
        sums = found.totals[side]
        assert (sums.passed, sums.count, sums.score, sums.failed) == (3, 3, 100, 0)
        assert sums.tokens > 0 and sums.latency_ms is not None
    bathroom = found.pairs[0].sides
    assert [len(bathroom[side].said) for side in "ab"] == [4, 4]
    assert bathroom["b"].resolved_prompt.startswith("Tu es bref.") and not bathroom["a"].resolved_prompt.startswith("Tu es bref.")


def test_two_models_are_judged_and_logged(start: Callable[..., str], models: ModelServer, run_jobs: RunJobs, agent_id: str) -> None:
    run_id = start("quote-tools", "ok")
    run_jobs()
    found = result(agent_id, run_id)
    assert [found.pairs[0].sides[side].passed for side in "ab"] == [True, False]
    assert found.pairs[0].sides["b"].verdict.startswith("Aucun pré-devis")
    # The model that always proposes a pre-quote does not decline.
    assert [found.pairs[1].sides[side].passed for side in "ab"] == [False, True]
    with committing():
        logged = db.session.scalars(db.select(UsageLog).where(UsageLog.purpose == "evaluation")).all()
        stands = standings([run_id])[run_id]
    assert len(logged) == len(models.asked) and sum(entry.cost_eur for entry in logged) == stands["cost_eur"]
    assert (stands["questions"], stands["count"], stands["ended"]) == (3, 6, 6)
    assert sum(trial.prompt_tokens for trial in trials(run_id=run_id)) == sum(entry.prompt_tokens for entry in logged)


def test_answers_without_a_price_are_told_from_free_ones(
    start: Callable[..., str], models: ModelServer, run_jobs: RunJobs, agent_id: str
) -> None:
    run_id = start("ok", "local")
    run_jobs()
    found = result(agent_id, run_id)
    assert [(found.totals[side].cost_eur, found.totals[side].unpriced) for side in "ab"] == [(0, True), (0, False)]
    free = start("local", "local")
    run_jobs()
    with committing():
        assert {one: stands["unpriced"] for one, stands in standings([run_id, free]).items()} == {run_id: True, free: False}


def test_a_few_at_a_time(start: Callable[..., str], run_jobs: RunJobs) -> None:
    run_id = start("local", "local")
    offered = [trial for trial in trials(run_id=run_id) if trial.lease_until]
    assert len(offered) == AT_ONCE and {trial.position for trial in offered} == {0, 1}
    assert run_jobs().count("run_trial") == 6


def test_a_comparison_goes_on_after_a_worker_died(start: Callable[..., str], run_jobs: RunJobs, agent_id: str) -> None:
    run_id = start("local", "local")
    with committing():
        past = clock.now() - timedelta(seconds=1)
        offered = Trial.lease_until.is_not(None)
        db.session.execute(db.update(Trial).where(Trial.run_id == run_id, offered).values(status="running", lease_until=past))
    run_jobs()
    assert result(agent_id, run_id).ended == 0
    assert sweep_trials() == AT_ONCE
    run_jobs()
    assert (result(agent_id, run_id).state, result(agent_id, run_id).totals["a"].passed) == ("done", 3)


def test_a_comparison_that_stands_still_is_pushed(start: Callable[..., str], run_jobs: RunJobs, agent_id: str) -> None:
    """A worker that died between storing an answer and offering the next ones."""
    run_id = start("local", "local")
    with committing():
        db.session.execute(db.update(Trial).where(Trial.run_id == run_id).values(attempt=2, lease_until=None, offered_at=None))
    run_jobs()
    assert result(agent_id, run_id).ended == 0
    assert sweep_trials() == AT_ONCE
    run_jobs()
    assert result(agent_id, run_id).is_over


def test_cancelled_then_taken_up_again(start: Callable[..., str], run_jobs: RunJobs, agent_id: str, as_admin: Any) -> None:
    run_id = start("local", "local")
    with committing():
        first = trials(run_id=run_id)[0]
        db.session.execute(db.update(Trial).where(Trial.id == first.id).values(status="running"))
    with as_admin():
        cancel(comparison_of(agent_id, run_id, for_update=True))
    run_jobs()
    assert [trial.status for trial in trials(run_id=run_id)] == ["running", *["cancelled"] * 5]
    assert trials(id=first.id)[0].stop_requested
    with committing():
        db.session.execute(db.update(Trial).where(Trial.id == first.id).values(lease_until=clock.now() - timedelta(seconds=1)))
    sweep_trials()
    assert result(agent_id, run_id).state == "cancelled"
    with as_admin(), pytest.raises(ConflictError):
        cancel(comparison_of(agent_id, run_id, for_update=True))
    with as_admin():
        assert retry(comparison_of(agent_id, run_id, for_update=True)) == 6
    run_jobs()
    assert (result(agent_id, run_id).state, result(agent_id, run_id).totals["b"].passed) == ("done", 3)
    with as_admin(), pytest.raises(ConflictError):
        retry(comparison_of(agent_id, run_id, for_update=True))


def test_only_what_failed_is_asked_again(
    start: Callable[..., str], models: ModelServer, run_jobs: RunJobs, agent_id: str, as_admin: Any
) -> None:
    models.script("ok", Reply(status=401))
    run_id = start("", "quote-tools")
    run_jobs()
    found = result(agent_id, run_id)
    assert (found.state, found.lost, found.totals["a"].failed, found.totals["b"].failed) == ("done", 3, 3, 0)
    models.script("ok", Reply(text="Bonjour."))
    before = len(models.asked)
    with as_admin():
        assert retry(comparison_of(agent_id, run_id, for_update=True)) == 3
    run_jobs()
    # The first question has two messages.
    assert len(models.asked) - before == 4
    assert result(agent_id, run_id).totals["a"].failed == 0


def test_a_finished_trial_is_not_run_twice(start: Callable[..., str], models: ModelServer, run_jobs: RunJobs) -> None:
    from app.evaluation.trying import run_trial

    run_id = start("ok", "quote-block")
    run_jobs()
    asked = len(models.asked)
    for trial in trials(run_id=run_id):
        run_trial(trial.id, trial.attempt)
    assert len(models.asked) == asked


@pytest.mark.parametrize(
    ("sides", "field"),
    [
        ({"a": {"version": "1"}, "b": {"version": "1"}}, "b_version"),
        ({"a": {"version": "9"}, "b": {"version": "1"}}, "a_version"),
        ({"a": {"version": "1"}, "b": {"version": "1", "model": "deux mots"}}, "b_model"),
    ],
)
def test_sides_that_make_no_sense_are_refused(
    sides: dict[str, dict[str, str]], field: str, questions: list[str], agent_id: str, as_admin: Any
) -> None:
    with as_admin():
        with pytest.raises(InvalidError) as refused:
            compare(agent(agent_id), sides)
        assert list(refused.value.fields) == [field]


def test_a_question_is_kept_as_it_was_asked(
    start: Callable[..., str], run_jobs: RunJobs, agent_id: str, as_admin: Any, questions: list[str]
) -> None:
    run_id = start("local", "local")
    with as_admin():
        verbs.remove_question(verbs.question_of(agent_id, questions[0]))
    run_jobs()
    assert result(agent_id, run_id).pairs[0].question["title"] == "Salle de bain"


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, {"title", "messages", "rule"}),
        ({"title": "x", "messages": [" "], "rule": "json"}, {"messages"}),
        ({"title": "x", "messages": ["Bonjour"], "rule": "total", "expected": "cher"}, {"expected"}),
        ({"title": "x" * 121, "messages": ["y" * 4001], "rule": "nulle"}, {"title", "messages", "rule"}),
    ],
)
def test_a_question_says_what_is_wrong_with_it(values: dict[str, Any], fields: set[str], agent_id: str, as_admin: Any) -> None:
    with as_admin():
        with pytest.raises(InvalidError) as refused:
            verbs.add_question(agent(agent_id), values)
        assert set(refused.value.fields) == fields


def test_an_installation_begins_with_questions(agent_id: str) -> None:
    with committing():
        found = verbs.questions_of(agent_id)
        assert [question.rule for question in found] == ["total", "json", "contains", "refused", "refused"]
        assert (found[0].messages, found[0].expected) == (BATHROOM, "6 948,00")
