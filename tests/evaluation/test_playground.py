"""A conversation with a draft: asked, streamed, stopped, failed, taken up after the death of its worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.billing.models import UsageLog
from app.core import clock
from app.core.acting import Actor, platform
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.jobs import JobInterrupted
from app.core.streams import publisher
from app.core.transaction import transaction
from app.evaluation import trying
from app.evaluation.drafts import kept_fields
from app.evaluation.following import follow_trial
from app.evaluation.models import Trial
from app.evaluation.playground import conversation_of, retry_trial, stop_trial, trial_of, try_draft
from app.evaluation.queueing import stream_attempt, stream_key
from app.evaluation.sweeping import KEPT, MAX_ATTEMPTS, NEVER_STARTED, purge_trials, sweep_trials
from app.extensions import db
from app.llm.calls import ModelCall
from tests.evaluation.conftest import agent, trials
from tests.factories import actor_for, committing, make_user
from tests.support.model_server import ModelServer, Reply

RunJobs = Callable[[], list[str]]


@pytest.fixture
def ask(admin: Actor, agent_id: str) -> Callable[..., str]:
    """Say something to the draft; the id of the trial."""

    def say(message: str, conversation_id: str | None = None, **changes: Any) -> str:
        with transaction(admin):
            found = agent(agent_id)
            return try_draft(found, kept_fields(found) | changes, message, conversation_id).id

    return say


def one(trial_id: str) -> Trial:
    return trials(id=trial_id)[0]


def change(trial_id: str, **values: Any) -> None:
    with committing():
        db.session.execute(db.update(Trial).where(Trial.id == trial_id).values(**values))


def test_the_draft_answers_not_the_agent(ask: Callable[..., str], models: ModelServer, run_jobs: RunJobs, admin: Actor) -> None:
    trial_id = ask("Bonjour", system_prompt="Tu es un pirate.", model="ok", temperature=0.9, tools=[])
    assert one(trial_id).status == "queued"
    assert run_jobs() == ["run_trial"]
    made = one(trial_id)
    sent = models.asked[0].body
    assert (sent["messages"][0]["content"], sent["temperature"]) == ("Tu es un pirate.", 0.9)
    assert (made.status, made.answer, made.provider, made.model) == ("done", "Bonjour, je vous écoute.", "platform", "ok")
    assert (made.prompt_tokens, made.completion_tokens, made.estimated) == (100, 20, False)
    assert made.resolved_prompt == "Tu es un pirate." and made.latency_ms and made.ttft_ms is not None
    assert made.said == [{"role": "user", "text": "Bonjour"}, {"role": "assistant", "text": made.answer}]
    with committing():
        logged = db.session.scalars(db.select(UsageLog).where(UsageLog.purpose == "playground")).all()
        assert [(entry.user_id, entry.agent_id, entry.success, entry.cost_eur) for entry in logged] == [
            (admin.user_id, made.agent_id, True, made.cost_eur)
        ]


def test_a_conversation_goes_on_and_ends_with_the_estimate(
    ask: Callable[..., str], run_jobs: RunJobs, as_admin: Any, agent_id: str
) -> None:
    first = ask("Je veux refaire ma salle de bain, 8 m², douche italienne, carrelage mural et sol", model="local")
    run_jobs()
    second = ask("Je n’ai pas de photos", first, model="local")
    run_jobs()
    with as_admin():
        told = conversation_of(agent_id, first)
        assert [trial.id for trial in told] == [first, second]
    made = one(second)
    assert len(made.said) == 4 and made.quote is not None
    assert (made.quote["total_ht"], made.quote["total_ttc"]) == ("5790.00", "6948.00")
    assert [tool["name"] for tool in made.tools] == ["rechercher_prix", "proposer_pre_devis"]
    assert "CARR-SOL" in made.tools[1]["arguments"] and "accepte" in made.tools[1]["result"]


def test_fallbacks_are_told_and_a_failure_says_its_kind(ask: Callable[..., str], models: ModelServer, run_jobs: RunJobs) -> None:
    rescued = ask("Bonjour", model="fault-500", fallback_model="ok")
    run_jobs()
    assert (one(rescued).status, one(rescued).model) == ("done", "ok")
    assert one(rescued).failures == [{"provider": "platform", "model": "fault-500", "kind": "overloaded"}]
    models.script("ok", Reply(status=401))
    lost = ask("Bonjour", model="fault-401", tools=[])
    run_jobs()
    assert (one(lost).status, one(lost).error, one(lost).answer) == ("failed", "auth", "")


def test_only_one_answer_at_a_time_and_a_message_that_says_something(ask: Callable[..., str], run_jobs: RunJobs) -> None:
    first = ask("Bonjour", model="local")
    with pytest.raises(ConflictError):
        ask("Et encore", first)
    run_jobs()
    for wrong in ("  \n ", "x" * 8001):
        with pytest.raises(InvalidError) as refused:
            ask(wrong, first)
        assert list(refused.value.fields) == ["message"]


def test_a_trial_is_its_author_s_own(ask: Callable[..., str], agent_id: str) -> None:
    trial_id = ask("Bonjour")
    with committing():
        other = actor_for(make_user("admin"), "admin")
    with transaction(other):
        assert conversation_of(agent_id, trial_id) == []
        with pytest.raises(NotFoundError):
            trial_of(agent_id, trial_id)
    with committing():
        editor = actor_for(make_user("editeur"), "editeur")
    with transaction(editor):
        assert db.session.scalars(db.select(Trial)).all() == []


def test_stopped_before_it_began_or_while_it_is_written(
    ask: Callable[..., str], models: ModelServer, run_jobs: RunJobs, as_admin: Any, agent_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = ask("Bonjour", model="ok")
    with as_admin():
        stop_trial(trial_of(agent_id, waiting, for_update=True))
    run_jobs()
    assert (one(waiting).status, one(waiting).answer, len(models.asked)) == ("cancelled", "", 0)
    asked = iter([False] * 5)
    monkeypatch.setattr(trying.running, "should_stop", lambda trial_id: next(asked, True))
    written = ask("Bonjour", model="long")
    run_jobs()
    stopped = one(written)
    assert stopped.status == "cancelled" and "mot mot mot".startswith(stopped.answer[:5]) and 0 < len(stopped.answer) < 200
    monkeypatch.setattr(trying.running, "should_stop", lambda trial_id: False)
    with as_admin():
        retry_trial(trial_of(agent_id, waiting, for_update=True))
    run_jobs()
    assert (one(waiting).status, one(waiting).attempt) == ("done", 2)
    with as_admin(), pytest.raises(ConflictError):
        retry_trial(trial_of(agent_id, waiting, for_update=True))


def claimed(trial_id: str) -> trying.Work:
    """What a worker holds just before it dies."""
    with transaction(platform("trial")):
        work = trying._claim(trial_id, 1)
    assert work is not None
    change(trial_id, lease_until=clock.now() - timedelta(seconds=1))
    return work


def test_a_trial_outlives_its_worker_which_can_no_longer_store_it(ask: Callable[..., str], models: ModelServer, run_jobs: RunJobs) -> None:
    trial_id = ask("Bonjour", model="ok")
    late = claimed(trial_id)
    run_jobs()
    assert one(trial_id).status == "running"
    assert sweep_trials() == 1
    assert run_jobs() == ["run_trial"]
    made = one(trial_id)
    assert (made.status, made.attempt, made.answer) == ("done", 2, "Bonjour, je vous écoute.")
    spent = ModelCall("platform", "ok", 7, 3, True, 10, None, success=False, error_class="cut")
    trying._store(late, trying.Played(calls=[spent]), None, stream_attempt(1))
    assert (one(trial_id).status, one(trial_id).answer) == ("done", "Bonjour, je vous écoute.")
    with committing():
        assert db.session.scalar(db.select(db.func.count()).select_from(UsageLog).where(UsageLog.prompt_tokens == 7)) == 1


def test_a_trial_that_kills_every_worker_ends(ask: Callable[..., str]) -> None:
    trial_id = ask("Bonjour")
    change(trial_id, status="running", attempt=MAX_ATTEMPTS, lease_until=clock.now() - timedelta(seconds=1))
    sweep_trials()
    assert (one(trial_id).status, one(trial_id).error) == ("failed", "worker_lost")
    late = ask("Bonjour")
    change(late, offered_at=clock.now() - NEVER_STARTED * 2, lease_until=clock.now() - timedelta(seconds=1))
    sweep_trials()
    assert (one(late).status, one(late).error) == ("failed", "never_started")


def test_a_worker_told_to_stop_gives_the_trial_back(ask: Callable[..., str], run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    trial_id = ask("Bonjour", model="local")

    def interrupted(*args: object, **kwargs: object) -> None:
        raise JobInterrupted()

    with monkeypatch.context() as patch:
        patch.setattr(trying, "try_answer", interrupted)
        with pytest.raises(JobInterrupted):
            trying.run_trial(trial_id, 1)
    assert (one(trial_id).status, one(trial_id).attempt) == ("queued", 2)
    run_jobs()
    assert one(trial_id).status == "done"


def test_whoever_follows_reads_the_whole_text_and_the_end(ask: Callable[..., str], admin: Actor, run_jobs: RunJobs) -> None:
    trial_id = ask("Bonjour", model="local")
    key, attempt = stream_key(trial_id), stream_attempt(1)
    publisher().token(key, attempt, "Un début perdu")
    publisher().event(key, attempt, "tool", {"label": "Recherche des prix"})
    assert publisher().flush(5)
    publisher().event(key, attempt + 1, "restart", {})
    publisher().token(key, attempt + 1, "Bonjour <b>")
    publisher().event(key, attempt + 1, "done", {})
    told = [item for item in follow_trial(admin, trial_id) if item]
    assert ("outil", "Recherche des prix") in told
    assert told[-2:] == [("texte", "Bonjour <b>"), ("fin", "")]
    run_jobs()
    assert list(follow_trial(admin, trial_id)) == [("fin", "")]


def test_old_conversations_are_forgotten(ask: Callable[..., str]) -> None:
    old, young = ask("Bonjour"), ask("Bonsoir")
    change(old, created_at=clock.now() - KEPT - timedelta(days=1))
    assert purge_trials() == 1
    assert trials(id=old) == [] and one(young).id == young
