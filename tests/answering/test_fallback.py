"""When a model fails, the next one answers; what was shown is made void; the person never learns a technical word."""

from __future__ import annotations

import traceback

import pytest
from structlog.testing import capture_logs

from app.answering.errors import AnswerFailedError
from app.answering.events import Restart
from app.answering.service import answer
from app.llm.calls import ModelCall
from app.llm.providers import openai_compatible
from tests.answering.samples import KEY, Listener, choice, request
from tests.support.model_server import BATHROOM, ModelServer, Reply, failing


@pytest.mark.parametrize(
    ("model", "kind", "shown"),
    [
        ("fault-401", "auth", False),
        ("fault-429", "rate_limited", False),
        ("fault-500", "overloaded", False),
        ("fault-garbage", "bad_response", False),
        ("fault-cut", "cut", True),
        ("fault-silence", "timeout", True),
        ("empty", "bad_response", False),
        ("nobody", "refused", False),
    ],
)
def test_the_next_model_answers(models: ModelServer, model: str, kind: str, shown: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_compatible, "IDLE_SECONDS", 1.0)
    models.script("empty", Reply(text=" \n"))
    heard = Listener()
    with capture_logs() as logs:
        got = answer(request(choice(models, model), choice(models, "ok"), attempt=3), heard)
    assert got.text == heard.seen == "Bonjour, je vous écoute."
    assert (got.model, [failure.kind for failure in got.failures]) == ("ok", [kind])
    assert [event.attempt for event in heard if isinstance(event, Restart)] == ([4] if shown else [])
    assert got.attempt == (4 if shown else 3)
    assert (got.prompt_tokens, got.completion_tokens) == (100, 20)
    assert [(line["event"], line["kind"], line["model"]) for line in logs] == [("answer.model_failed", kind, model)]
    assert KEY not in str(logs)


def test_a_failed_model_leaves_no_draft(models: ModelServer) -> None:
    models.script("m", Reply(text="", calls=(("proposer_pre_devis", BATHROOM),)), failing(500, "server_error"))
    heard = Listener()
    got = answer(request(choice(models, "m"), choice(models, "ok")), heard)
    assert (got.drafts, got.tools_used) == ([], [])
    assert [event.attempt for event in heard if isinstance(event, Restart)] == [2]


def test_all_models_fail(models: ModelServer) -> None:
    heard = Listener()
    with pytest.raises(AnswerFailedError) as caught:
        answer(request(choice(models, "fault-cut"), choice(models, "fault-429"), choice(models, "fault-500")), heard)
    error = caught.value
    assert [failure.kind for failure in error.failures] == ["cut", "rate_limited", "overloaded"]
    assert (error.code, error.status, error.retry_after) == ("model_unavailable", 503, 7)
    assert error.message.startswith("L’assistant n’est pas disponible")
    assert KEY not in "".join(traceback.format_exception(error))
    assert sum(isinstance(event, Restart) for event in heard) == 1


def test_a_stop_outlives_a_failure(models: ModelServer) -> None:
    heard = Listener()
    ended: list[ModelCall] = []
    got = answer(request(choice(models, "fault-cut"), choice(models, "ok"), should_stop=lambda: bool(ended)), heard, ended)
    assert (got.stopped, got.text, len(models.asked)) == (True, "Je commence une", 1)
    assert heard.seen == got.text
