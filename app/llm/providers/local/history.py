"""The conversation as the engine reads it: the person's turns, what we answered, and the tool results of the reply under way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.text import clean_line, fold
from app.llm.providers.local.text import MAX_CHARS, attachments

_ARTISAN = "artisan"
_MAX_NAME = 80
_QUOTE_MARKS = ("estimation indicative", "json-quote")
QUOTE_TOOL = "proposer_pre_devis"


@dataclass(slots=True)
class Turn:
    """One message of the person, and everything we answered before the next one."""

    text: str
    photos: int = 0
    documents: int = 0
    reply: str = ""
    quoted: bool = False
    called: dict[str, Any] = field(default_factory=dict)
    """Results of the tools called while answering this turn, by tool name; unreadable ones are None."""


@dataclass(frozen=True, slots=True)
class History:
    """The turns in their order, and the artisan's name (empty: unknown)."""

    turns: tuple[Turn, ...]
    artisan: str


def read_history(messages: Iterable[Mapping[str, Any]]) -> History:
    """Read OpenAI chat messages. What is malformed is skipped, never refused."""
    turns: list[Turn] = []
    artisan = ""
    names: dict[str, str] = {}
    for message in messages:
        role = message.get("role")
        if role == "system":
            artisan = artisan or _artisan_in(_text(message.get("content")))
        elif role == "user":
            turns.append(_turn(message.get("content")))
        elif role == "assistant" and turns:
            text = _text(message.get("content"))
            turns[-1].reply = f"{turns[-1].reply} {text}"[-4 * MAX_CHARS :]
            turns[-1].quoted |= any(mark in fold(text) for mark in _QUOTE_MARKS)
            names |= _calls(message.get("tool_calls"))
        elif role == "tool" and turns:
            name = str(message.get("name") or names.get(str(message.get("tool_call_id")), ""))
            result = turns[-1].called[name] = _json(_text(message.get("content")))
            turns[-1].quoted |= name == QUOTE_TOOL and is_accepted(result)
    return History(tuple(turns), artisan)


def is_accepted(result: object) -> bool:
    """Whether the tool that takes pre-quotes took this one."""
    return isinstance(result, Mapping) and result.get("accepte") is True


def _turn(content: object) -> Turn:
    text, photos, documents = attachments(_text(content))
    return Turn(text, photos + _images(content), documents)


def _text(content: object) -> str:
    """The text of a message, of one string or of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return ""
    parts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
    return "\n".join(part for part in parts if isinstance(part, str))


def _images(content: object) -> int:
    if isinstance(content, str) or not isinstance(content, Sequence):
        return 0
    return sum(isinstance(part, Mapping) and part.get("type") == "image_url" for part in content)


def _calls(calls: object) -> dict[str, str]:
    """Tool names by call id."""
    found: dict[str, str] = {}
    for call in calls if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping):
            found[str(call.get("id"))] = str(function.get("name"))
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _artisan_in(prompt: str) -> str:
    """The name on the line « Artisan : <name> » of the system prompt."""
    for line in prompt.splitlines():
        label, colon, name = line.partition(":")
        if colon and label.strip().lower() == _ARTISAN:
            return clean_line(name)[:_MAX_NAME]
    return ""
