"""The fault matrix: each fault under each way of authenticating. What is raised, what the call came to, who answers, what the breaker does."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.answering.errors import AnswerFailedError
from app.answering.events import Restart
from app.answering.service import answer
from app.llm import calls as ledger
from app.llm.breaker import FAILURES, breaker
from app.llm.errors import ProviderError
from app.llm.gateway import AuthMethod, ModelChoice, stream_completion
from app.llm.prices import Cost
from app.llm.providers import openai_compatible
from tests.answering.samples import Listener, request
from tests.support.model_faults import AUTHS, FAULTS, KEY, SOONER, Fault, prepared, working
from tests.support.model_server import ModelServer, Reply

pytestmark = [pytest.mark.parametrize("method", AUTHS), pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)]
TOLD_BY_THE_CALL = [fault for fault in FAULTS if fault.name not in ("filter", "empty")]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_compatible, "IDLE_SECONDS", SOONER)
    monkeypatch.setattr(ledger, "cost_of", _priced)


def _priced(provider: str, model: str, prompt_tokens: int, completion_tokens: int, at: datetime) -> Cost:
    amount = Decimal(prompt_tokens + 3 * completion_tokens) / 1000
    return Cost(amount, "USD", amount * 9 / 10)


def test_what_is_raised(models: ModelServer, fault: Fault, method: AuthMethod) -> None:
    choice = prepared(models, fault, method)
    if fault not in TOLD_BY_THE_CALL:
        assert [delta for delta in stream_completion(choice, [{"role": "user", "content": "Bonjour"}], [], temperature=0.3, max_tokens=50)]
        return
    with pytest.raises(ProviderError) as caught:
        for _ in stream_completion(choice, [{"role": "user", "content": "Bonjour"}], [], temperature=0.3, max_tokens=50):
            pass
    assert (caught.value.kind, caught.value.retry_after) == (fault.kind, fault.retry_after)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_what_the_call_came_to_and_who_answers(models: ModelServer, fault: Fault, method: AuthMethod) -> None:
    heard = Listener()
    got = answer(request(prepared(models, fault, method), working(models, method), tools=()), heard)
    assert (got.text, heard.seen, got.model) == ("Bonjour, je vous écoute.", "Bonjour, je vous écoute.", "gpt-4o-mini")
    assert [failure.kind for failure in got.failures] == [fault.kind]
    assert any(isinstance(event, Restart) for event in heard) == fault.came
    failed, answered = got.calls
    counted = fault.name in ("filter", "empty")
    assert (failed.success, failed.error_class, failed.estimated) == (False, fault.kind, not counted)
    assert (failed.prompt_tokens > 0, failed.completion_tokens > 0) == (fault.sent, fault.came or counted)
    assert (failed.ttft_ms is not None) == (fault.came or counted) and failed.latency_ms >= (SOONER * 900 if fault.kind == "timeout" else 0)
    assert (answered.success, answered.error_class, answered.prompt_tokens, answered.completion_tokens) == (True, None, 100, 20)
    assert (got.prompt_tokens, got.completion_tokens, got.estimated) == (100, 20, False)


def test_what_is_logged(models: ModelServer, fault: Fault, method: AuthMethod) -> None:
    at = datetime(2026, 11, 3, 9, tzinfo=UTC)
    with pytest.raises(AnswerFailedError) as caught:
        answer(request(prepared(models, fault, method), tools=()), Listener())
    assert KEY not in "".join(traceback.format_exception(caught.value)) and "disponible" in caught.value.message
    (line,) = ledger.usage_logs(caught.value.calls, at=at, agent_id="agt_1", message_id="msg_1")
    assert (line.provider, line.model, line.success, line.error_class) == ("openai", "gpt-4o", False, fault.kind)
    assert (line.agent_id, line.message_id, line.purpose, line.paid_by, line.created_at) == ("agt_1", "msg_1", "reply", None, at)
    due = Decimal(line.prompt_tokens + 3 * line.completion_tokens) / 1000 if fault.asks_money else Decimal(0)
    assert (line.cost, line.currency, line.cost_eur) == (due, "USD", due * 9 / 10)


def test_what_the_breaker_does(models: ModelServer, fault: Fault, method: AuthMethod, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(breaker, "_now", lambda: now[0])
    failing, elsewhere = prepared(models, fault, method), ModelChoice("local", "local")
    for number in range(FAILURES):
        now[0] += (fault.retry_after or 0) + 1
        if fault.kind == "timeout" and number:  # silence is long: the first one is real
            breaker.failed(failing, ProviderError("timeout", "", provider=failing.provider, model=failing.model))
        else:
            answer(request(failing, elsewhere, tools=()), Listener())
    before = len(models.asked)
    got = answer(request(failing, elsewhere, tools=()), Listener())
    assert [failure.kind for failure in got.failures] == (["unavailable"] if fault.opens else [fault.kind])
    assert len(models.asked) == before + (0 if fault.opens else 1) or not fault.sent
    if not fault.opens or not fault.sent:
        return
    # The last model is asked whatever the breaker says; later, one call tries again, and its success closes it.
    with pytest.raises(AnswerFailedError):
        answer(request(failing, tools=()), Listener())
    assert len(models.asked) == before + 1
    now[0] += 21
    models.script(failing.model, Reply())
    assert breaker.admits(failing) and not breaker.admits(failing)
    breaker.given_up(failing)
    assert answer(request(failing, elsewhere, tools=()), Listener()).model == failing.model
    assert breaker.admits(failing) and breaker.admits(failing)
