"""Reading streamed completions: however the bytes are cut, whatever servers make of the protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.llm.deltas import Finished, TextDelta, ToolCall, Usage
from app.llm.providers import chunks
from app.llm.providers.chunks import bounded, payloads, read_deltas

RAW = (
    ': comment\r\n\r\ndata: {"choices":[{"delta":{"role":"assistant","content":"Été "}}]}\r\n\r\n'
    'event: x\ndata:{"choices":[{"delta":{"content":"à 8 m²"},"finish_reason":"stop"}]}\n\n'
    'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\ndata: [DONE]'
).encode()


def chunk(**delta: Any) -> bytes:
    return json.dumps({"choices": [{"delta": delta}]}).encode()


def end(reason: str = "stop") -> bytes:
    return json.dumps({"choices": [{"delta": {}, "finish_reason": reason}]}).encode()


@settings(deadline=None)
@given(st.lists(st.integers(0, len(RAW)), max_size=30))
def test_any_cut_of_the_bytes_gives_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(RAW)]
    pieces = [RAW[start:stop] for start, stop in zip(edges, edges[1:], strict=False)]
    *texts, usage, last = read_deltas(payloads(pieces))
    assert "".join(delta.text for delta in texts if isinstance(delta, TextDelta)) == "Été à 8 m²" and len(texts) <= 2
    assert (usage, last) == (Usage(3, 4, estimated=False), Finished("stop"))


def test_what_came_together_is_one_piece_and_what_came_before_a_fault_is_kept() -> None:
    words = [chunk(content="un "), chunk(content="deux ")]
    assert list(read_deltas([[*words, chunk(content="trois")], [end(), b"[DONE]", b"unread"]])) == [
        TextDelta("un deux trois"),
        Finished("stop"),
    ]
    given: list[object] = []
    with pytest.raises(ValueError):
        for delta in read_deltas([[*words, b"{not json"], [end()]]):
            given.append(delta)
    assert given == [TextDelta("un deux ")]


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: b"data: " + text.encode() + b"\n"))
def test_garbage_never_escapes_the_vocabulary(raw: bytes) -> None:
    with pytest.raises((ValueError, EOFError)):
        list(read_deltas(payloads([raw])))


def calls(*parts: dict[str, Any]) -> list[ToolCall]:
    return [
        delta
        for delta in read_deltas([[chunk(tool_calls=[part])] for part in parts] + [[end("tool_calls")]])
        if isinstance(delta, ToolCall)
    ]


def test_tool_calls_without_index_id_or_text() -> None:
    assert calls({"function": {"name": "a", "arguments": {"x": 1}}}) == [ToolCall("call00001", "a", '{"x": 1}')]
    assert calls(
        {"index": 0, "id": "1", "function": {"name": "a"}}, {"index": 0, "id": "2", "function": {"name": "b", "arguments": "{}"}}
    ) == [
        ToolCall("1", "a", ""),
        ToolCall("2", "b", "{}"),
    ]
    assert calls({"index": 0, "id": "1", "function": {"name": "ab c/é"}})[0].name == "ab_c__"
    assert calls({"index": 0})[0].name == "inconnu"


def test_the_last_usage_counts_and_text_can_be_stored() -> None:
    raw = [
        b'{"choices":[{"delta":{"content":"a\\u0000\\ud800b"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}',
        b'{"choices":[{"delta":{"content":null},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}',
    ]
    assert list(read_deltas([raw])) == [TextDelta("ab"), Usage(1, 2, estimated=False), Finished("length")]


def test_cut_after_the_answer_is_no_matter() -> None:
    def events() -> Any:
        yield [chunk(content="a")]
        yield [end()]
        raise ConnectionResetError

    assert list(read_deltas(events())) == [TextDelta("a"), Finished("stop")]


def test_a_stream_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match="too large"):
        list(bounded([b"12345", b"678901"], 5))
