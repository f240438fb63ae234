"""Replies whose models fail, from the message to what the person reads and what the log says; under each way of authenticating."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.answering import attempt
from app.billing.models import UsageLog
from app.conversations import replies
from app.conversations.models import Message
from app.core.acting import system
from app.core.jobs import JobInterrupted
from app.core.transaction import transaction
from app.extensions import db
from app.llm.breaker import breaker
from app.llm.gateway import AuthMethod, ModelChoice
from app.llm.prices import cost_of
from app.llm.providers import openai_compatible
from app.llm.providers.clients import clients
from app.web.house import House
from tests.factories import committing
from tests.factories.conversations import Chat, Tenant, make_tenant, open_chat
from tests.support.model_faults import AUTHS, FAULTS, KEY, SOONER, Fault, prepared, working
from tests.support.model_server import BATHROOM, ModelServer, Reply, by_round, model_server

WIDGET = "/api/widget/v1"
SECRETS = (
    KEY,
    "invalid_api_key",
    "rate_limit",
    "server_error",
    "content_policy",
    "gpt-4o",
    "openai",
    "127.0.0.1",
    "Error",
    "HTTP",
    "html",
    "overloaded",
    "bad_response",
    "unreachable",
)


@dataclass
class Scene:
    """A conversation, the models that answer in it, and what the person sees of it."""

    client: FlaskClient
    run_jobs: Callable[[], list[str]]
    tenant: Tenant
    chat: Chat
    use: Callable[..., None]

    def say(self) -> str:
        body = {"content": "Bonjour", "client_message_id": uuid.uuid4().hex}
        made = self.client.post(f"{WIDGET}/message", json=body, headers=self.chat.headers)
        self.run_jobs()
        return str(made.json["data"]["message_id"])

    def status(self, message_id: str) -> dict[str, Any]:
        return dict(self.client.get(f"{WIDGET}/message/{message_id}/status", headers=self.chat.headers).json["data"])

    def sees(self, message_id: str) -> str:
        """Every byte of this reply that reaches the person's device."""
        urls = (f"/message/{message_id}/status", f"/message/{message_id}/stream", f"/session/{self.chat.session_id}/messages")
        return "\n".join(self.client.get(WIDGET + url, headers=self.chat.headers).get_data(as_text=True) for url in urls)

    def logs(self) -> Sequence[UsageLog]:
        with committing():
            return db.session.scalars(select(UsageLog).order_by(UsageLog.created_at, UsageLog.success)).all()


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server
    clients.close()
    breaker.reset()


@pytest.fixture
def scene(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The agent has no model of its own: what the platform's default is decides."""
    with committing():
        tenant = make_tenant()

    def use(first: ModelChoice, then: ModelChoice | None = None) -> None:
        real = replies.resolve
        monkeypatch.setattr(replies, "platform_default", lambda: first)
        monkeypatch.setattr(replies, "resolve", lambda *a, **k: _with(real(*a, **k), then))

    monkeypatch.setattr(openai_compatible, "IDLE_SECONDS", SOONER)
    return Scene(client, run_jobs, tenant, open_chat(tenant), use)


def _with(config: Any, then: ModelChoice | None) -> Any:
    return replies.replace(config, choices=(*config.choices, then)) if then else config


@pytest.mark.parametrize("method", AUTHS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_without_another_model_the_person_is_told_in_plain_words(
    scene: Scene, models: ModelServer, fault: Fault, method: AuthMethod
) -> None:
    scene.use(prepared(models, fault, method))
    reply = scene.say()
    status, seen = scene.status(reply), scene.sees(reply)
    assert (status["status"], status["message"]["content"]) == ("failed", "")
    assert "La réponse n’a pas pu être écrite." in seen and "réessayer" in seen
    assert not [secret for secret in SECRETS if secret in seen]
    (line,) = scene.logs()
    assert (line.message_id, line.session_id, line.deployment_id) == (reply, scene.chat.session_id, scene.tenant.deployment.id)
    assert (line.editor_id, line.artisan_id) == (scene.tenant.editor.id, scene.tenant.artisan.id)
    assert (line.success, line.error_class, line.purpose, line.paid_by, line.counted) == (False, fault.kind, "reply", None, False)
    due = cost_of("openai", "gpt-4o", line.prompt_tokens, line.completion_tokens, line.created_at)
    assert due.known and (line.cost_eur == due.eur > 0 if fault.asks_money else line.cost_eur == 0)


@pytest.mark.parametrize("method", AUTHS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_with_another_model_the_person_reads_its_answer_alone(scene: Scene, models: ModelServer, fault: Fault, method: AuthMethod) -> None:
    scene.use(prepared(models, fault, method), working(models, method))
    reply = scene.say()
    status, seen = scene.status(reply), scene.sees(reply)
    assert (status["status"], status["message"]["content"]) == ("completed", "Bonjour, je vous écoute.")
    assert not [secret for secret in SECRETS if secret in seen.replace("gpt-4o-mini", "")]
    failed, answered = sorted(scene.logs(), key=lambda line: line.success)
    assert (failed.model, failed.success, failed.error_class) == ("gpt-4o", False, fault.kind)
    assert (answered.model, answered.success, answered.prompt_tokens, answered.completion_tokens) == ("gpt-4o-mini", True, 100, 20)
    assert answered.cost_eur == cost_of("openai", "gpt-4o-mini", 100, 20, answered.created_at).eur > 0
    with committing():
        assert db.session.get_one(Message, reply).attempt == (2 if fault.came else 1)


def test_each_round_of_tools_is_a_line(scene: Scene, models: ModelServer) -> None:
    models.script("gpt-4o", by_round(Reply(text="", calls=(("proposer_pre_devis", BATHROOM),)), Reply(text="Votre pré-devis est prêt.")))
    scene.use(ModelChoice("openai", "gpt-4o", models.base_url, KEY))
    reply = scene.say()
    assert scene.status(reply)["message"]["pre_quote"]["total_ht"] == 5790
    lines = scene.logs()
    assert [(line.success, line.prompt_tokens, line.completion_tokens, line.message_id) for line in lines] == [(True, 100, 20, reply)] * 2
    with committing():
        assert db.session.get_one(Message, reply).details["tokens"] == 240


def test_what_an_interrupted_worker_spent_is_logged(scene: Scene, models: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.use(working(models, "bearer"))
    with monkeypatch.context() as patched:
        patched.setattr(replies._Telling, "tell", _stopping)
        with pytest.raises(JobInterrupted):
            scene.say()
    (line,) = scene.logs()
    assert (line.success, line.error_class, line.estimated) == (False, "interrupted", True)
    assert line.prompt_tokens > 0 and line.completion_tokens > 0 and line.cost_eur > 0
    scene.run_jobs()
    assert [line.success for line in scene.logs()] == [False, True]


def test_what_a_bug_of_ours_spent_is_logged(scene: Scene, models: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    models.script("gpt-4o-mini", Reply(text="", calls=(("proposer_pre_devis", BATHROOM),)))
    scene.use(ModelChoice("openai", "gpt-4o-mini", models.base_url, KEY))
    monkeypatch.setattr(attempt, "run_call", _never)
    reply = scene.say()
    assert scene.status(reply)["status"] == "failed"
    (line,) = scene.logs()
    assert (line.success, line.error_class, line.prompt_tokens, line.completion_tokens) == (True, None, 100, 20)


def test_a_reply_that_another_worker_took_over_still_says_what_it_spent(scene: Scene, models: ModelServer) -> None:
    scene.use(working(models, "bearer"))

    tenant = scene.tenant
    real = replies.answer
    taken: list[str] = []

    def answer_late(*args: Any) -> Any:
        got = real(*args)
        with transaction(system("reply", editor_id=tenant.editor.id, artisan_id=tenant.artisan.id)):
            message = db.session.scalars(select(Message).where(Message.status == "processing")).one()
            message.attempt, taken[:] = 2, [message.id]
        return got

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(replies, "answer", answer_late)
        reply = scene.say()
    assert taken == [reply] and scene.status(reply)["status"] == "processing"
    (line,) = scene.logs()
    assert (line.success, line.message_id, line.prompt_tokens) == (True, reply, 100)


def _never(*_: object) -> NoReturn:
    raise KeyError("a bug of ours")


def _stopping(*_: object) -> NoReturn:
    raise JobInterrupted
