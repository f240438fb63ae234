"""`POST /api/assist`: the caller's active configuration, strict JSON out, every call in the log (001 §6)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.answering.assisting import read_object
from app.billing.budgets import set_budget
from app.billing.folding import fold
from app.billing.models import UsageLog
from app.core import clock
from app.extensions import db, redis_client
from app.identity.models import User
from app.llm.active import activate
from app.llm.breaker import breaker
from app.llm.catalogue import add_user_model
from app.llm.credentials import set_key
from app.llm.providers.clients import clients
from app.llm.resolving import forget
from app.llm.system_prompts import activate_prompt, create_prompt
from app.web import idempotency
from app.web.house import House
from tests.factories import committing, make_key, make_user
from tests.support.model_server import ModelServer, Reply, model_server

KEY = "sk-essai-0123456789abcdef"
QUESTION = [{"role": "user", "content": "Un titre et un prix pour 8 m² de carrelage ?"}]
OBJECT = {"titre": "Carrelage de sol", "prix": 640}


@pytest.fixture
def models() -> Iterator[ModelServer]:
    forget()
    with model_server(("bearer", "", KEY)) as server:
        yield server
    clients.close()
    breaker.reset()
    forget()


def configure(owner_id: str | None, models: ModelServer, model: str = "ok") -> None:
    set_key(owner_id, "compatible", KEY, models.base_url)
    add_user_model(owner_id, "compatible", model)
    activate(owner_id, "compatible", model)


@pytest.fixture
def editor(house: House) -> User:
    with committing():
        return make_user("editeur")


@pytest.fixture
def ask(client: FlaskClient, editor: User) -> Any:
    with committing():
        headers = {"X-API-Key": make_key(editor, "editeur")}

    def asked(**body: Any) -> Any:
        return client.post("/api/assist", json={"messages": QUESTION, **body}, headers=headers)

    return asked


def logs() -> list[UsageLog]:
    with committing():
        return list(db.session.scalars(db.select(UsageLog).order_by(UsageLog.created_at, UsageLog.id)))


def test_his_model_answers_in_strict_json(ask: Any, editor: User, models: ModelServer) -> None:
    models.script("ok", Reply(text=f"```json\n{json.dumps(OBJECT)}\n```"))
    with committing():
        configure(editor.id, models)
        activate_prompt(editor.id, create_prompt(editor.id, "Devis", "Vous êtes métreur.").id)
    answer = ask(response_format="json", messages=[{"role": "system", "content": "En euros."}, *QUESTION])
    assert answer.status_code == 200, answer.text
    data = answer.json["data"]
    assert data["content"] == OBJECT and (data["provider"], data["model"]) == ("compatible", "ok")
    assert data["usage"] == {"prompt_tokens": 100, "completion_tokens": 20, "estimated": False} and KEY not in answer.text
    sent = models.asked[-1].body
    system = sent["messages"][0]["content"]
    assert system.index("Vous êtes métreur.") < system.index("En euros.") < system.index("JSON")
    assert sent["response_format"] == {"type": "json_object"} and "tools" not in sent
    (log,) = logs()
    assert (log.purpose, log.user_id, log.editor_id, log.paid_by, log.success) == ("assist", editor.id, editor.id, editor.id, True)


def test_text_when_nothing_else_is_asked(ask: Any, editor: User, models: ModelServer) -> None:
    with committing():
        configure(editor.id, models)
    assert ask().json["data"]["content"] == "Bonjour, je vous écoute."
    assert "response_format" not in models.asked[-1].body


def test_a_slow_answer_is_asked_for_once(
    client: FlaskClient, house: House, editor: User, models: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key of a request stays taken as long as the request runs, though it is held for a second at a time, and its answer is kept for a day."""
    monkeypatch.setattr(idempotency, "RUNNING_SECONDS", 1)
    taken: list[int] = []

    def slow(_body: dict[str, Any]) -> Reply:
        for _ in range(5):
            time.sleep(0.5)
            taken.append(len(list(redis.scan_iter("idempotency:*"))))
        return Reply()

    with house.app_context():
        redis = redis_client()
    models.script("ok", slow)
    with committing():
        configure(editor.id, models)
        headers = {"X-API-Key": make_key(editor, "editeur"), "Idempotency-Key": "lente"}
    first = client.post("/api/assist", json={"messages": QUESTION}, headers=headers)
    assert first.status_code == 200 and taken == [1] * 5
    again = client.post("/api/assist", json={"messages": QUESTION}, headers=headers)
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true" and len(models.asked) == 1
    time.sleep(0.7)
    assert [redis.ttl(name) > 80_000 for name in redis.scan_iter("idempotency:*")] == [True], "no longer held a second at a time"


def test_no_json_is_asked_for_once_again_then_refused(ask: Any, editor: User, models: ModelServer) -> None:
    models.script("ok", Reply(text="Voici : pas du JSON"), Reply(text=json.dumps(OBJECT)))
    with committing():
        configure(editor.id, models)
    data = ask(response_format="json").json["data"]
    assert data["content"] == OBJECT and data["usage"]["prompt_tokens"] == 200
    for text in ("toujours pas", "[1, 2]", '{"prix": NaN}', '"texte"'):
        models.script("ok", Reply(text=text))
        asked = len(models.asked)
        refused = ask(response_format="json")
        assert refused.status_code == 502 and refused.json["error"]["code"] == "bad_model_answer"
        assert len(models.asked) == asked + 2
    assert len(logs()) == 10, "what was refused was paid for, so it is logged"


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ('{"a": 1}', {"a": 1}),
        ('\n```json\n{"a": "é", "b": [0.123456, null]}\n```\n', {"a": "é", "b": [0.123456, None]}),
        ('```\n{"a": {}}\n```', {"a": {}}),
        ("{}", {}),
        ('{"a": 1} et voilà', None),
        ('{"a": 1e999}', None),
        ('{"a": -Infinity}', None),
        ('{"a": "\\ud800"}', None),
        ("[" * 100_000, None),
        ("", None),
        ("null", None),
    ],
)
def test_what_counts_as_an_object(text: str, content: object) -> None:
    assert read_object(text) == content


def test_a_model_that_fails_is_said_in_our_words_and_logged(ask: Any, editor: User, models: ModelServer) -> None:
    with committing():
        configure(editor.id, models, "fault-500")
    refused = ask()
    assert refused.status_code == 503 and refused.json["error"]["code"] == "model_unavailable" and KEY not in refused.text
    (log,) = logs()
    assert (log.success, log.error_class, log.purpose) == (False, "overloaded", "assist")


def test_without_a_model_of_his_own_the_platforms_answers_within_his_budget(ask: Any, editor: User, models: ModelServer) -> None:
    with committing():
        configure(None, models)
    assert ask().json["data"]["provider"] == "compatible"
    assert [log.paid_by for log in logs()] == [None]
    with committing():
        set_budget(editor.id, Decimal("0.01"), hard_stop=True)
        spend(editor)
    fold()
    refused = ask()
    assert refused.status_code == 429 and refused.json["error"]["code"] == "budget_exceeded"
    with committing():
        configure(editor.id, models)
    assert ask().status_code == 200, "his own key is not the platform's money"


def spend(editor: User) -> None:
    """A cent and more of the platform's money."""
    values = {"prompt_tokens": 1, "completion_tokens": 1, "estimated": False, "latency_ms": 1, "success": True}
    db.session.add(
        UsageLog(
            editor_id=editor.id,
            provider="openai",
            model="gpt-4o",
            purpose="assist",
            cost=Decimal(1),
            currency="EUR",
            cost_eur=Decimal(1),
            created_at=clock.now(),
            **values,
        )
    )


def test_the_built_in_engine_wraps_its_words(ask: Any) -> None:
    data = ask(response_format="json").json["data"]
    assert data["provider"] == "local" and isinstance(data["content"]["reponse"], str)


@pytest.mark.parametrize(
    "body",
    [
        {"messages": []},
        {"messages": [{"role": "assistant", "content": "Bonjour"}]},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": "x"}] * 51},
        {"messages": [{"role": "user", "content": "x" * 20_001}]},
        {"messages": [{"role": "user", "content": "x" * 20_000}] * 4},
        {"response_format": "xml"},
        {"module_name": "devis"},
        {"model": "gpt-4o"},
    ],
)
def test_what_is_refused(ask: Any, body: dict[str, Any]) -> None:
    assert ask(**body).status_code == 422


def test_artisans_and_administrators_by_token(house: House, client: FlaskClient, models: ModelServer) -> None:
    with committing():
        artisan, admin = make_user("artisan"), make_user("admin")
        secrets = {one.id: make_key(one, role) for one, role in ((artisan, "artisan"), (admin, "admin"))}
        configure(artisan.id, models)
    asked = {"messages": QUESTION}
    hers = client.post("/api/assist", json=asked, headers={"Authorization": f"Bearer {secrets[artisan.id]}"})
    assert hers.json["data"]["model"] == "ok"
    theirs = client.post("/api/assist", json=asked, headers={"Authorization": f"Bearer {secrets[admin.id]}"})
    assert theirs.json["data"]["provider"] == "local"
    assert {(log.user_id, log.artisan_id, log.editor_id) for log in logs()} == {(artisan.id, artisan.id, None), (admin.id, None, None)}


def test_so_many_a_minute_and_no_more(ask: Any, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(house.config, "SETTINGS", replace(house.config["SETTINGS"], ratelimit_enabled=True))
    monkeypatch.setattr("app.blueprints.api.ai.assist.PER_MINUTE", 2)
    assert [ask().status_code for _ in range(3)] == [200, 200, 429]
    assert int(ask().headers["Retry-After"]) > 0
