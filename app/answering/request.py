"""What is asked of an answer, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.answering.config import ResolvedConfig
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
class Answer:
    """A finished answer: `text` is exactly what was shown. Tokens are those of all rounds of the model that answered.

    `latency_ms` is the whole time, `ttft_ms` the time to the first piece of `text` (None without any); both count the models
    that failed before, which are in `failures`. `refusals` says in French why a proposed pre-quote was not taken.
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
