"""What is asked of an answer, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.answering.config import ResolvedConfig
from app.llm.calls import ModelCall
from app.llm.errors import ProviderError
from app.quoting.catalogue import Catalogue
from app.quoting.drafting import Draft


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a message. `url` is where a model with vision reads a photo."""

    name: str
    kind: Literal["photo", "document"] = "photo"
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of the conversation, the person's (`user`) or the agent's."""

    role: Literal["user", "assistant"]
    text: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """All an answer depends on. `turns` ends with the message to answer; `context` is never trusted.

    `tool_values` reaches the tools, beside `catalogue` and `drafts`; `should_stop` is asked between two pieces of text, so it
    must be cheap; `attempt` numbers the answer, a `Restart` counts on from it.
    """

    config: ResolvedConfig
    turns: tuple[Turn, ...]
    artisan_name: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    catalogue: Catalogue = field(default_factory=Catalogue)
    tool_values: Mapping[str, Any] = field(default_factory=dict)
    should_stop: Callable[[], bool] = lambda: False
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A tool that the model called: `arguments` as the model wrote them, `result` what it was told."""

    name: str
    arguments: str
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer: `text` is exactly what was shown. Tokens are those of all rounds of the model that answered.

    `latency_ms` is the whole time, `ttft_ms` the time to the first piece of `text` (None without any); both count the models
    that failed before, which are in `failures`. `refusals` says in French why a proposed pre-quote was not taken. `calls` are
    all calls of all models, in order; `resolved_prompt` is the system message the model read, `tool_runs` what it did with its tools.
    """

    text: str
    drafts: list[Draft]
    refusals: list[str]
    model: str
    provider: str
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    latency_ms: int
    ttft_ms: int | None
    tools_used: list[str]
    stopped: bool
    attempt: int
    failures: list[ProviderError]
    calls: list[ModelCall] = field(default_factory=list)
    resolved_prompt: str = ""
    tool_runs: list[ToolRun] = field(default_factory=list)
