"""One model's try at an answer: its calls, the text that is shown, the tools it runs, and what all that came to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import app.quoting.tools  # noqa: F401 - registers its tools
from app.answering.blocks import BlockFilter
from app.answering.events import AnswerEvent, Token, ToolUsed
from app.answering.prompt import build_messages
from app.answering.request import Answer, AnswerRequest, ToolRun
from app.answering.wording import QUOTE_READY, QUOTE_REFUSED, tool_label
from app.core.jobs import JobInterrupted
from app.llm.breaker import breaker
from app.llm.calls import ModelCall
from app.llm.deltas import Finished, TextDelta, ToolCall, Usage
from app.llm.errors import ProviderError
from app.llm.gateway import ModelChoice, stream_completion
from app.llm.tokens import estimate_prompt, estimate_text
from app.llm.tools import ToolContext, named, read_arguments, run_call
from app.quoting.drafting import Draft, draft_from_block
from app.quoting.errors import QuoteRefusedError

MAX_TOOL_ROUNDS = 6
Emit = Callable[[AnswerEvent], None]


class _Call:
    """One call under way: what was offered, what has come."""

    def __init__(self, specs: list[dict[str, Any]]) -> None:
        self.specs = specs
        self.said: list[str] = []
        self.asked: list[ToolCall] = []
        self.usage: Usage | None = None
        self.reason = ""
        self.started = time.perf_counter()
        self.ttft_ms: int | None = None

    @property
    def text(self) -> str:
        return "".join(self.said)


class Attempt:
    """Rounds of text and tool calls, until the model says its last word or is stopped. Each call it makes is added to `calls`."""

    def __init__(self, request: AnswerRequest, choice: ModelChoice, emit: Emit, started: float, calls: list[ModelCall]) -> None:
        self.stopped = False
        self.emitted = False
        self._request, self._choice, self._emit, self._started, self._calls = request, choice, emit, started, calls
        self._tools = named(request.config.tools) if choice.tools else []
        self._messages = build_messages(request, choice)
        self._filter = BlockFilter()
        self._text: list[str] = []
        self._drafts: list[Draft] = []
        self._refusals: list[str] = []
        self._context = ToolContext({"catalogue": request.catalogue, **request.tool_values, "drafts": self._drafts})
        self._tools_used: list[str] = []
        self._tool_runs: list[ToolRun] = []
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
            latency_ms=_milliseconds(self._started),
            ttft_ms=self._ttft_ms,
            tools_used=self._tools_used,
            stopped=self.stopped,
            attempt=number,
            failures=failures,
            calls=self._calls,
            resolved_prompt=self._messages[0]["content"],
            tool_runs=self._tool_runs,
        )

    def _complete(self) -> list[ToolCall]:
        """One call of the model: shows its text, keeps it for the next round, counts its tokens. Returns its tool calls."""
        self.stopped = self._request.should_stop()
        if self.stopped:
            return []
        call = _Call([tool.spec() for tool in self._tools])
        try:
            self._listen(call)
        except ProviderError as error:
            breaker.failed(self._choice, error)
            self._spent(call, error.kind)
            raise
        except BaseException as error:
            self._spent(call, "interrupted" if isinstance(error, JobInterrupted) else "broken")
            raise
        breaker.succeeded(self._choice)
        if call.reason == "content_filter":
            self._spent(call, "refused")
            raise ProviderError("refused", "content filter", provider=self._choice.provider, model=self._choice.model)
        self._spent(call)
        if not self.stopped:
            self._show(self._filter.end())
            self._filter.new_paragraph()
        self._messages.append(_assistant(call.text, call.asked))
        return call.asked

    def _listen(self, call: _Call) -> None:
        """Take in what the model says, as it says it. What is done for each piece of text is done hundreds of times a reply."""
        config, should_stop = self._request.config, self._request.should_stop
        with closing(
            stream_completion(
                self._choice,
                self._messages,
                call.specs,
                temperature=config.temperature,
                max_tokens=config.max_tokens,
                options=config.sampling,
            )
        ) as deltas:
            for delta in deltas:
                if call.ttft_ms is None:
                    call.ttft_ms = _milliseconds(call.started)
                match delta:
                    case TextDelta(piece):
                        call.said.append(piece)
                        self._show(self._filter.feed(piece))
                    case ToolCall():
                        call.asked.append(delta)
                    case Usage():
                        call.usage = delta
                    case Finished(reason):
                        call.reason = reason
                if should_stop():
                    self.stopped = True
                    break

    def _run_tools(self, calls: list[ToolCall]) -> None:
        for call in calls:
            if any(tool.name == call.name for tool in self._tools):
                self._tools_used.append(call.name)
                self.emitted = True
                self._emit(ToolUsed(call.name, tool_label(call.name)))
            result = run_call(call, self._tools, self._context)
            self._tool_runs.append(ToolRun(call.name, call.arguments, result))
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
            self._calls[-1] = replace(self._calls[-1], success=False, error_class="bad_response")
            raise ProviderError("bad_response", "empty answer", provider=self._choice.provider, model=self._choice.model)
        self._show(self._filter.feed(QUOTE_READY if self._drafts else QUOTE_REFUSED))

    def _show(self, text: str) -> None:
        if not text:
            return
        if self._ttft_ms is None:
            self._ttft_ms = _milliseconds(self._started)
        self._text.append(text)
        self.emitted = True
        self._emit(Token(text))

    def _count(self, usage: Usage) -> None:
        so_far = self._usage
        self._usage = Usage(
            so_far.prompt_tokens + usage.prompt_tokens,
            so_far.completion_tokens + usage.completion_tokens,
            so_far.estimated or usage.estimated,
        )

    def _spent(self, call: _Call, error_class: str | None = None) -> None:
        """Keep what one call came to."""
        usage = call.usage or self._estimate(call, error_class)
        if error_class is None:
            self._count(usage)
        self._calls.append(
            ModelCall(
                provider=self._choice.provider,
                model=self._choice.model,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                estimated=usage.estimated,
                latency_ms=_milliseconds(call.started),
                ttft_ms=call.ttft_ms,
                success=error_class is None,
                error_class=error_class,
                owner_id=self._choice.owner_id,
            )
        )

    def _estimate(self, call: _Call, error_class: str | None) -> Usage:
        """What was sent and what came, for a provider that did not count."""
        sent = estimate_prompt(self._messages) + estimate_text(json.dumps(call.specs) if call.specs else "")
        came = estimate_text(call.text + "".join(asked.arguments for asked in call.asked))
        return Usage(0 if error_class == "unreachable" else sent, came, estimated=True)


def _milliseconds(since: float) -> int:
    return round((time.perf_counter() - since) * 1000)


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
