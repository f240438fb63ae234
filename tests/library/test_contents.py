"""The library: what is ordered is written, kept and found again, whatever dies meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.agents.models import Agent, AgentGrant
from app.answering.request import Answer
from app.billing.models import UsageLog
from app.conversations.models import Session
from app.core import clock
from app.core.acting import Actor
from app.core.errors import ConflictError, InvalidError, LimitError
from app.core.transaction import transaction
from app.extensions import db, settings
from app.identity.models import User
from app.library import making, service
from app.library.models import Content
from app.library.queries import assistants_for, contents_of, tags_of
from app.library.sweeping import MAX_ATTEMPTS, sweep
from app.llm.errors import ProviderError
from app.web.house import House
from tests.factories import actor_for, committing, make_user
from tests.factories.conversations import make_tenant, open_chat
from tests.factories.talking import talk

RunJobs = Callable[[], list[str]]


def make_writer(**values: object) -> Agent:
    agent = Agent(
        **{"slug": "redacteur", "name": "Rédacteur", "category": "content", "system_prompt": "Écris.", "is_public": True, **values}
    )
    db.session.add(agent)
    db.session.flush()
    return agent


@pytest.fixture
def editor(house: House) -> User:
    with committing():
        make_writer()
        return make_user("editeur")


def order(editor: User, brief: str = "Une annonce pour nos salles de bain") -> str:
    with committing():
        actor = actor_for(editor, "editeur")
        agent = db.session.scalars(db.select(Agent).where(Agent.slug == "redacteur")).one()
    with transaction(actor):
        return service.order_content(actor, agent.id, brief).id


def content(content_id: str) -> Content:
    with committing():
        found = db.session.get_one(Content, content_id)
        db.session.expunge(found)
        return found


def test_an_order_is_written_kept_and_logged(editor: User, run_jobs: RunJobs) -> None:
    content_id = order(editor)
    assert content(content_id).status == "queued"
    run_jobs()
    made = content(content_id)
    assert made.status == "done" and made.body and made.title and made.lease_until is None
    with committing():
        logged = db.session.scalars(db.select(UsageLog).where(UsageLog.purpose == "content")).all()
    assert logged and all((line.editor_id, line.user_id) == (editor.id, editor.id) for line in logged)
    assert made.tokens == sum(line.prompt_tokens + line.completion_tokens for line in logged)


def test_a_job_that_comes_twice_writes_once(editor: User, run_jobs: RunJobs) -> None:
    content_id = order(editor)
    run_jobs()
    first = content(content_id)
    making.make(content_id, 1, editor.id, None)
    assert content(content_id).tokens == first.tokens


def test_words_and_tags_are_changed_and_found_again(editor: User, run_jobs: RunJobs) -> None:
    content_id = order(editor)
    run_jobs()
    with committing():
        actor = actor_for(editor, "editeur")
    with transaction(actor):
        found = db.session.get_one(Content, content_id)
        service.change_content(
            found, title="Été à Nantes", body="Douche à l’italienne posée en six jours.", tags="Été, salle de bain, ete, été"
        )
    with transaction(actor):
        assert tags_of(actor) == ["salle de bain", "été"]
        for asked in ({"query": "ITALIENNE ete"}, {"tag": "Été"}, {"query": "nantes", "agent_id": found.agent_id}):
            assert [row.id for row in db.session.execute(contents_of(actor, **asked))] == [content_id]
        assert not db.session.execute(contents_of(actor, query="toiture")).all()


@pytest.mark.parametrize(("field", "value"), [("title", " "), ("title", "x" * 121), ("body", ""), ("tags", ",".join("abcdefghijklm"))])
def test_a_wrong_change_is_said_beside_its_field(editor: User, run_jobs: RunJobs, field: str, value: str) -> None:
    content_id = order(editor)
    run_jobs()
    with transaction(actor_of(editor)), pytest.raises(InvalidError) as refused:
        values = {"title": "Titre", "body": "Texte", "tags": ""} | {field: value}
        service.change_content(db.session.get_one(Content, content_id), **values)
    assert list(refused.value.fields) == [field]


def test_nobody_else_reads_it(editor: User, run_jobs: RunJobs) -> None:
    content_id = order(editor)
    run_jobs()
    with committing():
        others = [actor_for(make_user(role), role) for role in ("editeur", "artisan", "fabricant", "particulier")]
    for actor in others:
        with transaction(actor):
            assert db.session.get(Content, content_id) is None


def test_a_model_that_fails_leaves_the_order_to_be_tried_again(editor: User, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.answering.errors import AnswerFailedError

    def fails(*args: object, **kwargs: object) -> None:
        raise AnswerFailedError((ProviderError("timeout", "late", provider="local", model="local"),))

    with monkeypatch.context() as patch:
        patch.setattr(making, "try_answer", fails)
        content_id = order(editor)
        run_jobs()
    failed = content(content_id)
    assert (failed.status, failed.error, failed.body) == ("failed", "model_unavailable", "")
    with transaction(actor_of(editor)):
        service.retry_content(db.session.get_one(Content, content_id))
    run_jobs()
    assert content(content_id).status == "done"


def test_what_a_dead_worker_left_is_taken_up_three_times_then_said(editor: User) -> None:
    content_id = order(editor)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with committing():
            held = db.session.get_one(Content, content_id)
            assert (held.attempt, held.status) == (attempt, "queued")
            held.status, held.lease_until = "running", clock.now() - timedelta(seconds=1)
        assert sweep() == 1
    assert (content(content_id).status, content(content_id).error) == ("failed", "worker_lost")
    assert sweep() == 0


def test_an_assistant_that_is_no_longer_offered_is_not_asked_again(editor: User) -> None:
    content_id = order(editor)
    with committing():
        db.session.get_one(Content, content_id).status = "failed"
        db.session.scalars(db.select(Agent).where(Agent.slug == "redacteur")).one().is_active = False
    with transaction(actor_of(editor)), pytest.raises(ConflictError) as refused:
        service.retry_content(db.session.get_one(Content, content_id))
    assert refused.value.code == "agent_unavailable"


def test_so_many_orders_an_hour_and_no_more(editor: User, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(house.config, "SETTINGS", replace(settings(), ratelimit_enabled=True))
    monkeypatch.setattr(service, "ORDERS_AN_HOUR", 2)
    for _ in range(2):
        order(editor)
    with pytest.raises(LimitError):
        order(editor)


def test_what_an_overtaken_worker_spent_is_logged(editor: User, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    content_id = order(editor)
    real = making.try_answer

    def slow(*args: Any, **kwargs: Any) -> Answer:
        answered = real(*args, **kwargs)
        with committing():
            db.session.get_one(Content, content_id).lease_until = clock.now() - timedelta(seconds=1)
        sweep()
        return answered

    with monkeypatch.context() as patch:
        patch.setattr(making, "try_answer", slow)
        making.make(content_id, 1, editor.id, None)
    assert (content(content_id).status, content(content_id).attempt) == ("queued", 2)
    run_jobs()
    assert content(content_id).status == "done"
    with committing():
        logged = db.session.scalars(db.select(UsageLog).where(UsageLog.purpose == "content", UsageLog.editor_id == editor.id)).all()
    assert len(logged) == 2, "the provider bills both"


def test_an_order_may_wait_as_long_as_its_queue(editor: User, run_jobs: RunJobs) -> None:
    content_id = order(editor)
    for _ in range(MAX_ATTEMPTS + 2):
        with committing():
            db.session.get_one(Content, content_id).lease_until = clock.now() - timedelta(seconds=1)
        assert sweep() == 1
        assert (content(content_id).status, content(content_id).attempt) == ("queued", 1)
    run_jobs()
    assert content(content_id).status == "done"


def test_what_is_put_away_comes_back_or_goes_after_a_month(editor: User, run_jobs: RunJobs) -> None:
    content_id = order(editor)
    actor = actor_of(editor)
    with transaction(actor), pytest.raises(ConflictError):
        service.put_away(db.session.get_one(Content, content_id))
    run_jobs()
    for verb, seen in ((service.put_away, []), (service.bring_back, [content_id])):
        with transaction(actor):
            verb(db.session.get_one(Content, content_id))
        with transaction(actor):
            assert [row.id for row in db.session.execute(contents_of(actor))] == seen
    with committing():
        db.session.get_one(Content, content_id).deleted_at = clock.now() - timedelta(days=31)
    sweep()
    with committing():
        assert db.session.get(Content, content_id) is None


def test_which_assistants_are_offered(editor: User) -> None:
    with committing():
        private = make_writer(slug="prive", name="Privé", is_public=False)
        make_writer(slug="parleur", name="Parleur", category="chat")
        make_writer(slug="arrete", name="Arrêté", is_active=False)
        granted, stranger, artisan, admin = (make_user(role) for role in ("editeur", "editeur", "artisan", "admin"))
        db.session.add(AgentGrant(agent_id=private.id, editor_id=granted.id))
        db.session.flush()
        offered = {
            user.id: [agent.name for agent in assistants_for(actor_for(user, role))]
            for user, role in ((granted, "editeur"), (stranger, "editeur"), (artisan, "artisan"), (admin, "admin"))
        }
    presets = {name for names in offered.values() for name in names} - {"Privé", "Rédacteur"}
    mine = {user: [name for name in names if name not in presets] for user, names in offered.items()}
    assert mine == {
        granted.id: ["Privé", "Rédacteur"],
        stranger.id: ["Rédacteur"],
        artisan.id: ["Rédacteur"],
        admin.id: ["Privé", "Rédacteur"],
    }
    assert not {"Parleur", "Arrêté"} & presets


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Un titre\n\nsuite", "Un titre"),
        ("\n---\n**Été** à Nantes**", "Été à Nantes"),
        ("- 1) Douche", "Douche"),
        ("mot " * 60, "mot " * 18 + "mot…"),
        ("!!!", ""),
    ],
)
def test_a_title_is_the_first_line_with_words(text: str, title: str) -> None:
    assert service.title_of(text) == title


def actor_of(editor: User) -> Actor:
    with committing():
        return actor_for(editor, "editeur")


def test_what_a_content_assistant_answers_in_a_conversation_is_kept_once(client: FlaskClient, run_jobs: RunJobs) -> None:
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant)
    talk(client, chat, run_jobs, "Bonjour, une annonce pour ma salle de bain de 8 m²")
    sweep()
    with committing():
        assert not db.session.scalars(db.select(Content)).all(), "the agent of this conversation writes no contents"
        db.session.scalars(db.select(Agent).where(Agent.slug == "expert-btp")).one().category = "content"
    for _ in range(2):
        sweep()
    with committing():
        (kept,) = db.session.scalars(db.select(Content)).all()
        assert (kept.status, kept.editor_id, kept.session_id) == ("done", tenant.editor.id, chat.session_id)
        assert kept.brief.startswith("Bonjour, une annonce") and kept.body and kept.title
        db.session.get_one(Session, chat.session_id).status = "deleted"
    sweep()
    with committing():
        assert not db.session.scalars(db.select(Content)).all(), "deleted with the conversation, and not kept again"
