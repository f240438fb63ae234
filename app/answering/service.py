"""Answer one message of a conversation (PRODUCT.md, Model resolution; 003 §15.2 F). Pure of database: it stores nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import structlog

import app.quoting.tools  # noqa: F401 - registers its tools
from app.answering.blocks import BlockFilter
from app.answering.errors import AnswerFailedError
from app.answering.events import AnswerEvent, Restart, Token, ToolUsed
from app.answering.prompt import build_messages
from app.answering.request import Answer, AnswerRequest
from app.answering.wording import QUOTE_READY, QUOTE_REFUSED, tool_label
from app.llm.deltas import TextDelta, ToolCall, Usage
from app.llm.errors import ProviderError
from app.llm.gateway import ModelChoice, stream_completion
from app.llm.tokens import estimate_prompt, estimate_text
from app.llm.tools import ToolContext, named, read_arguments, run_call
from app.quoting.drafting import Draft, draft_from_block
from app.quoting.errors import QuoteRefusedError

log = structlog.get_logger(__name__)

MAX_TOOL_ROUNDS = 6
Emit = Callable[[AnswerEvent], None]


def answer(request: AnswerRequest, emit: Emit) -> Answer:
    """Answer with the first model that can, telling `emit` what happens as it happens.

    A model that fails, for whatever reason, gives way to the next; if something had been shown, a `Restart` makes it void.
    Raises AnswerFailedError when no model answered.
    """
    started = time.perf_counter()
    failures: list[ProviderError] = []
    number, void = request.attempt, False
    for choice in request.config.choices:
        if void:
            number += 1
            emit(Restart(number))
        attempt = _Attempt(request, choice, emit, started)
        try:
            attempt.run()
        except ProviderError as error:
            log.warning("answer.model_failed", provider=error.provider, model=error.model, kind=error.kind, said=error.message_internal)
            failures.append(error)
            void = attempt.emitted
            if not request.should_stop():
                continue
            attempt.stopped = True
        return attempt.answer(number, failures)
    raise AnswerFailedError(failures)


class _Attempt:
    """One model's try at the answer: rounds of text and tool calls, until it says its last word or is stopped."""

    def __init__(self, request: AnswerRequest, choice: ModelChoice, emit: Emit, started: float) -> None:
        self.stopped = False
        self.emitted = False
        self._request, self._choice, self._emit, self._started = request, choice, emit, started
        self._tools = named(request.config.tools) if choice.tools else []
        self._messages = build_messages(request, choice)
        self._filter = BlockFilter()
        self._text: list[str] = []
        self._drafts: list[Draft] = []
        self._refusals: list[str] = []
        self._context = ToolContext({"catalogue": request.catalogue, **request.tool_values, "drafts": self._drafts})
        self._tools_used: list[str] = []
        self._usage = Usage(0, 0, estimated=False)
        self._ttft_ms: int | None = None

    def run(self) -> None:
        """Raises ProviderError, also when the model had nothing to say."""
        for round_number in range(MAX_TOOL_ROUNDS + 1):
            calls = self._complete()
            if self.stopped or not calls:
                break
            if round_number < MAX_TOOL_ROUNDS:
                self._run_tools(calls)
        self._read_blocks()
        if not self._text and not self.stopped:
            self._say_something()

    def answer(self, number: int, failures: list[ProviderError]) -> Answer:
        """The answer as it stands."""
        return Answer(
            text="".join(self._text),
            drafts=self._drafts,
            refusals=self._refusals,
            model=self._choice.model,
            provider=self._choice.provider,
            prompt_tokens=self._usage.prompt_tokens,
            completion_tokens=self._usage.completion_tokens,
            estimated=self._usage.estimated,
            latency_ms=self._elapsed_ms(),
            ttft_ms=self._ttft_ms,
            tools_used=self._tools_used,
            stopped=self.stopped,
            attempt=number,
            failures=failures,
        )

    def _complete(self) -> list[ToolCall]:
        """One call of the model: shows its text, keeps it for the next round, counts its tokens. Returns its tool calls."""
        said: list[str] = []
        calls: list[ToolCall] = []
        usage: Usage | None = None
        config, specs = self._request.config, [tool.spec() for tool in self._tools]
        if self._stop_asked():
            return []
        with closing(
            stream_completion(self._choice, self._messages, specs, temperature=config.temperature, max_tokens=config.max_tokens)
        ) as deltas:
            for delta in deltas:
                match delta:
                    case TextDelta(piece):
                        said.append(piece)
                        self._show(self._filter.feed(piece))
                    case ToolCall():
                        calls.append(delta)
                    case Usage():
                        usage = delta
                if self._stop_asked():
                    break
        text = "".join(said)
        written = text + "".join(call.arguments for call in calls)
        self._count(usage or Usage(estimate_prompt(self._messages), estimate_text(written), estimated=True))
        if not self.stopped:
            self._show(self._filter.end())
            self._filter.new_paragraph()
        self._messages.append(_assistant(text, calls))
        return calls

    def _stop_asked(self) -> bool:
        self.stopped = self._request.should_stop()
        return self.stopped

    def _run_tools(self, calls: list[ToolCall]) -> None:
        for call in calls:
            if any(tool.name == call.name for tool in self._tools):
                self._tools_used.append(call.name)
                self._tell(ToolUsed(call.name, tool_label(call.name)))
            result = run_call(call, self._tools, self._context)
            if result.get("accepte") is False:
                self._refusals.append(str(result.get("raison", "")))
            self._messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result, ensure_ascii=False)})

    def _read_blocks(self) -> None:
        """Turn hidden blocks into drafts, unless tools made some; when none of them is one, the person is told so in plain words."""
        if self._drafts:
            return
        for block in self._filter.blocks:
            try:
                self._drafts.append(draft_from_block(block, self._request.catalogue))
            except QuoteRefusedError as error:
                self._refusals.append(error.reason)
        if self._filter.blocks and not self._drafts and not self.stopped:
            self._show(self._filter.feed(QUOTE_REFUSED))

    def _say_something(self) -> None:
        """A model without a word: its work speaks for it, if it did any."""
        if not self._drafts and not self._refusals:
            raise ProviderError("bad_response", "empty answer", provider=self._choice.provider, model=self._choice.model)
        self._show(self._filter.feed(QUOTE_READY if self._drafts else QUOTE_REFUSED))

    def _show(self, text: str) -> None:
        if not text:
            return
        if self._ttft_ms is None:
            self._ttft_ms = self._elapsed_ms()
        self._text.append(text)
        self._tell(Token(text))

    def _tell(self, event: AnswerEvent) -> None:
        self.emitted = True
        self._emit(event)

    def _count(self, usage: Usage) -> None:
        so_far = self._usage
        self._usage = Usage(
            so_far.prompt_tokens + usage.prompt_tokens,
            so_far.completion_tokens + usage.completion_tokens,
            so_far.estimated or usage.estimated,
        )

    def _elapsed_ms(self) -> int:
        return round((time.perf_counter() - self._started) * 1000)


def _assistant(text: str, calls: list[ToolCall]) -> dict[str, Any]:
    """The model's own words, for its next round. Arguments that are not JSON go back empty: some servers choke on them."""
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": "{}" if read_arguments(call.arguments) is None else call.arguments or "{}"},
            }
            for call in calls
        ]
    return message
