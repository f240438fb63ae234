"""From the bytes of a streamed chat completion to deltas.

The SDK's own iterator builds a pydantic object per token, at three times the price (PERFORMANCE.md). Malformed streams
raise ValueError, streams that end before the answer EOFError, endless ones TimeoutError, errors told in the stream StreamedError.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jiter

from app.llm.deltas import Delta, Finished, TextDelta, ToolCall, Usage

MAX_BYTES = 8 * 1024 * 1024
_DONE = b"[DONE]"
# What PostgreSQL does not take, or UTF-8 cannot write.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_-]")


class StreamedError(Exception):
    """The provider tells in the middle of a stream that it failed; `code` is its own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def bounded(chunks: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    """The same chunks, as long as they are not too many nor too late: an idle limit alone never stops a stream that drips."""
    deadline, size = time.monotonic() + seconds, 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_BYTES:
            raise ValueError("too large")
        if time.monotonic() > deadline:
            raise TimeoutError
        yield chunk


def payloads(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The `data:` fields of an event stream, however it was cut, those that came together in one list; each is one line in this protocol."""
    parts: list[bytes] = []
    for chunk in chunks:
        parts.append(chunk)
        if b"\n" in chunk:
            *lines, rest = b"".join(parts).split(b"\n")
            parts = [rest]
            yield [line[5:].strip() for line in lines if line.startswith(b"data:")]
    last = b"".join(parts)
    if last.startswith(b"data:"):
        yield [last[5:].strip()]


def read_deltas(events: Iterable[list[bytes]]) -> Iterator[Delta]:
    """Text as it comes, that of one list in one piece; tool calls once complete, then usage when the provider gave it, then the end.

    Reads no further than the provider's last word, and forgives a line cut after the answer was complete.
    """
    answer = _Answer()
    try:
        for together in events:
            over = answer.take(together)
            if text := answer.said():
                yield TextDelta(text)
            if over:
                break
    except Exception:
        if text := answer.said():
            yield TextDelta(text)
        if answer.reason is None:
            raise
    if answer.reason is None:
        if not answer.begun:
            raise ValueError("not an event stream")
        raise EOFError
    yield from answer.calls()
    if answer.usage:
        yield answer.usage
    yield Finished(answer.reason)


def _decoded(payload: bytes) -> Any:
    """One chunk of JSON, of which there is one a token: the SDK's own parser takes a fifth of the time, and refuses halves of an emoji."""
    try:
        return jiter.from_json(payload)
    except ValueError:
        return json.loads(payload)


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    arguments: list[str] = field(default_factory=list)


class _Answer:
    """What the chunks read so far add up to."""

    def __init__(self) -> None:
        self.begun = False
        self.reason: str | None = None
        self.usage: Usage | None = None
        self._calls: list[_Call] = []
        self._open: dict[object, _Call] = {}
        self._said: list[str] = []

    def take(self, together: list[bytes]) -> bool:
        """Take chunks in; True when the provider's last word is among them. Raises ValueError on anything that is not a chunk."""
        for payload in together:
            if payload == _DONE:
                self.reason = self.reason or "stop"
                return True
            if payload and (text := self._read(payload)):
                self._said.append(text)
        return False

    def said(self) -> str:
        """The text since it was last asked for."""
        text = "".join(self._said)
        self._said.clear()
        return text

    def _read(self, payload: bytes) -> str:
        try:
            chunk = _decoded(payload)
            if error := chunk.get("error"):
                raise StreamedError(str(error.get("code") or error.get("type")) if isinstance(error, dict) else "error")
            if counted := chunk.get("usage"):
                self.usage = Usage(int(counted["prompt_tokens"]), int(counted["completion_tokens"]), estimated=False)
            choices = chunk.get("choices")
            self.begun = self.begun or choices is not None
            if not choices:
                return ""
            self.reason = choices[0].get("finish_reason") or self.reason
            return self._read_delta(choices[0].get("delta") or {})
        except (AttributeError, KeyError, TypeError, RecursionError):
            raise ValueError("not a chunk") from None

    def calls(self) -> Iterator[ToolCall]:
        """The calls the model asked for, under names and ids that any provider accepts when they are sent back."""
        for position, call in enumerate(self._calls, 1):
            name = _NOT_A_NAME.sub("_", call.name)[:64] or "inconnu"
            yield ToolCall(call.id or f"call{position:05d}", name, _UNSTORABLE.sub("", "".join(call.arguments)))

    def _read_delta(self, delta: dict[str, Any]) -> str:
        for part in delta.get("tool_calls") or ():
            self._read_call(part)
        return _UNSTORABLE.sub("", delta.get("content") or "")

    def _read_call(self, part: dict[str, Any]) -> None:
        """Add a fragment to its call. Some servers number no call, or number them all alike: a new id is a new call too."""
        index, ident = part.get("index"), part.get("id") or ""
        function = part.get("function") or {}
        call = self._open.get(index)
        if call is None or (ident and call.id and ident != call.id):
            call = self._open[index] = _Call(ident, "")
            self._calls.append(call)
        call.name += function.get("name") or ""
        arguments = function.get("arguments") or ""
        call.arguments.append(arguments if isinstance(arguments, str) else json.dumps(arguments))
