"""What any provider streams: pieces of text, tool calls, then the usage and the reason of the end, in this order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer, as it arrives."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A complete call asked for by the model; `arguments` is its raw JSON, not checked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of this call; `estimated` when the provider did not count them itself."""

    prompt_tokens: int
    completion_tokens: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """The last delta of every stream. `reason` is OpenAI's `finish_reason`: "stop", "tool_calls", "length"…"""

    reason: str


Delta = TextDelta | ToolCall | Usage | Finished
