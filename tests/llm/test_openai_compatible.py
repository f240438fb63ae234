"""The provider for OpenAI-compatible servers, against a real HTTP server with faults on demand."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from app.llm.deltas import Delta, Finished, TextDelta, ToolCall, Usage
from app.llm.errors import ProviderError
from app.llm.gateway import ModelChoice, stream_completion
from app.llm.providers import openai_compatible
from tests.support.model_server import ModelServer, Reply, failing

KEY = "sk-tres-secret-0123456789abcdef"
QUESTION = [{"role": "user", "content": "Bonjour"}]
TOOL = {"type": "function", "function": {"name": "rechercher_prix", "description": "…", "parameters": {"type": "object"}}}


def choice(models: ModelServer, model: str, key: str | None = KEY) -> ModelChoice:
    return ModelChoice("platform", model, models.base_url, key)


def ask(chosen: ModelChoice, tools: tuple[dict[str, Any], ...] = ()) -> list[Delta]:
    return list(stream_completion(chosen, QUESTION, tools, temperature=0.3, max_tokens=500))


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def failure(chosen: ModelChoice) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        ask(chosen)
    return caught.value


def test_text_comes_while_the_model_still_speaks(models: ModelServer) -> None:
    deltas = ask(choice(models, "slow"))
    assert sum(isinstance(delta, TextDelta) for delta in deltas) > 1


def test_text_then_usage_then_end(models: ModelServer) -> None:
    deltas = ask(choice(models, "ok"))
    assert text_of(deltas) == "Bonjour, je vous écoute."
    assert deltas[-2:] == [Usage(100, 20, estimated=False), Finished("stop")]
    asked = models.asked[0]
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body["messages"] == QUESTION
    assert (asked.body["temperature"], asked.body["max_tokens"], asked.body["stream"]) == (0.3, 500, True)
    assert "tools" not in asked.body


def test_tool_calls_come_whole(models: ModelServer) -> None:
    models.script("m", Reply(text="", calls=(("rechercher_prix", {"codes": ["É1"]}), ("rechercher_prix", "{broken"))))
    deltas = ask(choice(models, "m"), (TOOL,))
    assert deltas == [
        ToolCall("call_0", "rechercher_prix", '{"codes": ["É1"]}'),
        ToolCall("call_1", "rechercher_prix", "{broken"),
        Usage(100, 20, estimated=False),
        Finished("tool_calls"),
    ]
    assert models.asked[0].body["tools"] == [TOOL]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "invalid_api_key", "auth"),
        (403, "forbidden", "auth"),
        (429, "rate_limit_exceeded", "rate_limited"),
        (500, "server_error", "overloaded"),
        (503, "overloaded", "overloaded"),
        (400, "context_length_exceeded", "refused"),
        (404, "model_not_found", "refused"),
        (408, "timeout", "timeout"),
    ],
)
def test_each_status_has_its_kind(models: ModelServer, status: int, code: str, kind: str) -> None:
    models.script("m", failing(status, code))
    error = failure(choice(models, "m"))
    assert (error.kind, error.message_internal) == (kind, f"HTTP {status} {code}")
    assert (error.provider, error.model, error.retry_after) == ("platform", "m", None)
    assert len(models.asked) == 1, "the SDK tried again by itself"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("1.5", 1.5),
        ("-3", 0),
        ("999999", 3600),
        ("nan", None),
        ("soon", None),
        (lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=100)), 100),
    ],
)
def test_retry_after(models: ModelServer, header: str | Callable[[], str], seconds: float | None) -> None:
    models.script("m", failing(429, "rate_limit_exceeded", retry_after=header if isinstance(header, str) else header()))
    error = failure(choice(models, "m"))
    assert error.retry_after == (seconds if seconds is None else pytest.approx(seconds, abs=3))


def test_a_key_is_in_no_error(models: ModelServer) -> None:
    """The server repeats the key in its sentence and in its type; nothing that can be logged or printed has it."""
    for model in ("fault-401", "fault-429", "fault-cut", "fault-garbage", "unknown"):
        error = failure(choice(models, model))
        told = "".join(traceback.format_exception(error)) + repr(error) + str(error) + repr(vars(error)) + repr(error.args)
        assert KEY not in told
        assert error.__context__ is None
        assert error.__cause__ is None
    assert KEY not in repr(choice(models, "m"))
    assert all(asked.headers["authorization"] == f"Bearer {KEY}" for asked in models.asked)


def test_a_key_that_no_header_can_carry(models: ModelServer) -> None:
    for key in ("clé", "sk-1\nX-Other: 1"):
        error = failure(choice(models, "ok", key))
        assert error.kind in ("bad_response", "unreachable")
        assert key not in "".join(traceback.format_exception(error)) + repr(error)
    assert models.asked == []


def test_the_environment_goes_to_no_provider(models: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer sk-ambient")
    ask(choice(models, "ok", None))
    ask(choice(models, "ok"))
    assert [asked.headers["authorization"] for asked in models.asked] == ["Bearer none", f"Bearer {KEY}"]
    assert "secret" not in str([asked.headers for asked in models.asked]).replace(KEY, "")


def test_a_redirect_takes_the_key_nowhere(models: ModelServer) -> None:
    models.script("m", Reply(status=307, headers={"Location": f"{models.base_url}/elsewhere"}))
    assert failure(choice(models, "m")).kind == "bad_response"
    assert len(models.asked) == 1


def test_no_address_means_no_call() -> None:
    assert failure(ModelChoice("platform", "m", None, KEY)).kind == "refused"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert failure(ModelChoice("platform", "m", f"http://127.0.0.1:{port}/v1", KEY)).kind == "unreachable"


@pytest.mark.parametrize("model", ["fault-silence", "slow"])
def test_silence_has_a_limit(models: ModelServer, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_compatible, "IDLE_SECONDS", 0.2)
    assert failure(choice(models, model)).kind == "timeout"
    assert models.asked[0].hung_up.wait(2)


def test_a_stream_that_drips_has_a_limit(models: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_compatible, "TOTAL_SECONDS", 0.2)
    assert failure(choice(models, "long")).kind == "timeout"


def test_cut_in_the_middle(models: ModelServer) -> None:
    heard = []
    with pytest.raises(ProviderError) as caught:
        for delta in stream_completion(choice(models, "fault-cut"), QUESTION, (), temperature=0.3, max_tokens=500):
            heard.append(delta)
    assert text_of(heard) == "Je commence une"
    assert caught.value.kind == "cut"


def test_ended_without_an_end(models: ModelServer) -> None:
    models.script("m", Reply(raw=b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'))
    assert failure(choice(models, "m")).kind == "cut"


@pytest.mark.parametrize(
    "raw",
    [
        b"data: {not json\n\n",
        b"data: [1]\n\n",
        b'data: {"choices":[1]}\n\n',
        b'data: {"choices":[{"delta":{"content":[1]}}]}\n\n',
        b'data: {"choices":[],"usage":{"prompt_tokens":"x"}}\n\n',
        b'{"choices":[{"message":{"content":"not streamed"}}]}',
        b"<html>proxy</html>",
        b"",
        b"data: \xff\xfe\n\n",
        b"data: " + b"[" * 100_000 + b"\n\n",
    ],
)
def test_garbage(models: ModelServer, raw: bytes) -> None:
    models.script("m", Reply(raw=raw))
    assert failure(choice(models, "m")).kind == "bad_response"


@pytest.mark.parametrize(
    ("told", "kind"),
    [(b'{"code":"rate_limit_exceeded"}', "rate_limited"), (b'{"type":"server_error"}', "overloaded"), (b'"x"', "overloaded")],
)
def test_error_told_in_the_stream(models: ModelServer, told: bytes, kind: str) -> None:
    models.script("m", Reply(raw=b'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"error":' + told + b"}\n\n"))
    assert failure(choice(models, "m")).kind == kind


def test_closing_ends_the_request_at_once(models: ModelServer) -> None:
    stream = stream_completion(choice(models, "long"), QUESTION, (), temperature=0.3, max_tokens=500)
    next(stream)
    assert not models.asked[0].hung_up.is_set()
    stream.close()
    assert models.asked[0].hung_up.wait(2), "the stream would last 6 s more"


def test_one_line_serves_again_and_streams_share_none(models: ModelServer) -> None:
    for _ in range(3):
        ask(choice(models, "ok"))
    assert models.connections == 1
    open_streams = [stream_completion(choice(models, "ok"), QUESTION, (), temperature=0.3, max_tokens=500) for _ in range(3)]
    for stream in open_streams:
        next(stream)
    assert models.connections == 3
    for stream in open_streams:
        assert list(stream)[-1] == Finished("stop")


def test_cookies_are_not_kept(models: ModelServer) -> None:
    models.script("m", Reply(headers={"Set-Cookie": "who=me"}))
    ask(choice(models, "m"))
    ask(choice(models, "m", "sk-another"))
    assert "cookie" not in models.asked[1].headers
    assert models.asked[1].headers["authorization"] == "Bearer sk-another"


def test_options_that_a_model_refuses_are_left_out_and_remembered(models: ModelServer) -> None:
    def picky(body: dict[str, Any]) -> Reply:
        for name in ("max_tokens", "temperature", "stream_options"):
            if name in body:
                return Reply(status=400, error={"message": f"Unsupported parameter: '{name}'", "param": name})
        return Reply()

    models.script("picky", picky)
    deltas = ask(choice(models, "picky"))
    assert text_of(deltas) == "Bonjour, je vous écoute."
    assert [type(delta) for delta in deltas[-2:]] == [TextDelta, Finished], "usage cannot be asked for here"
    assert models.asked[-1].body["max_completion_tokens"] == 500
    so_far = len(models.asked)
    ask(choice(models, "picky"))
    assert len(models.asked) == so_far + 1
