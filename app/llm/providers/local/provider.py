"""The provider's door: from messages and tools to a stream of deltas, as any model's (CONTRACT.md, the built-in provider `local`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.llm.deltas import Delta, Finished, TextDelta, ToolCall, Usage
from app.llm.providers.local import wording
from app.llm.providers.local.dialogue import Quote, decide
from app.llm.providers.local.estimate import block, tool_arguments, unpriced_works
from app.llm.providers.local.history import QUOTE_TOOL, History, is_accepted, read_history
from app.llm.tokens import estimate_prompt, estimate_text

_PRICE_TOOL = "rechercher_prix"
_PIECE = re.compile(r"\S+\s*|\s+")


def stream(messages: list[dict[str, Any]], tools: list[dict[str, Any]], *, model: str) -> Iterator[Delta]:
    """Answer a conversation: pieces of text or one tool call, then the usage (estimated) and the end.

    A pure function of its arguments, which never raises on what people or tools wrote. `model` names the engine itself: there
    is only one.
    """
    history = read_history(messages)
    step = decide(history)
    answer = _quote(step, history, _offered(tools), len(messages)) if isinstance(step, Quote) else wording.typeset(step.text)
    if isinstance(answer, ToolCall):
        yield answer
    else:
        yield from map(TextDelta, _PIECE.findall(answer))
    said = answer.arguments if isinstance(answer, ToolCall) else answer
    yield Usage(estimate_prompt(messages), estimate_text(said), estimated=True)
    yield Finished("tool_calls" if isinstance(answer, ToolCall) else "stop")


def _quote(step: Quote, history: History, offered: frozenset[str], place: int) -> ToolCall | str:
    """The next move towards the pre-quote: look prices up, propose, then tell the outcome. Each tool is called once a reply."""
    called = history.turns[-1].called
    if QUOTE_TOOL in called:
        return _outcome(step, called[QUOTE_TOOL], called.get(_PRICE_TOOL), history.artisan)
    if _PRICE_TOOL in offered and _PRICE_TOOL not in called:
        codes = [line.work.code for line in step.estimate.lines]
        return _call(place, _PRICE_TOOL, {"codes": codes})
    articles = _articles(called.get(_PRICE_TOOL))
    if articles is not None and not any(line.work.code in articles for line in step.estimate.lines):
        return wording.typeset(_paragraphs(step.opening, wording.refused(history.artisan)))
    if QUOTE_TOOL in offered:
        return _call(place, QUOTE_TOOL, tool_arguments(step.estimate, articles))
    text = _pre_quote(step, {}, called.get(_PRICE_TOOL), history.artisan)
    fenced = json.dumps(block(step.estimate, articles), ensure_ascii=False)
    return f"{text}\n\n```json-quote\n{fenced}\n```"


def _call(place: int, name: str, arguments: Mapping[str, Any]) -> ToolCall:
    return ToolCall(f"call_local_{place}", name, json.dumps(arguments, ensure_ascii=False))


def _outcome(step: Quote, result: object, prices: object, artisan: str) -> str:
    if isinstance(result, Mapping) and is_accepted(result):
        return _pre_quote(step, result, prices, artisan)
    return wording.typeset(_paragraphs(step.opening, wording.refused(artisan)))


def _pre_quote(step: Quote, totals: Mapping[str, Any], prices: object, artisan: str) -> str:
    unpriced = unpriced_works(step.estimate, _articles(prices))
    missing = {work.key for work in unpriced}
    assumptions = [text for line in step.estimate.lines if line.work.key not in missing for text in line.assumptions]
    text = wording.pre_quote(step.estimate.purpose, totals, list(dict.fromkeys(assumptions)), unpriced, artisan, again=step.again)
    return wording.typeset(_paragraphs(step.opening, text))


def _paragraphs(opening: str, text: str) -> str:
    return f"{opening} {text}" if opening else text


def _articles(result: object) -> dict[str, Mapping[str, Any]] | None:
    """The articles of `rechercher_prix` by code; None when it gave no list: the library is then left to decide."""
    listed = result.get("articles") if isinstance(result, Mapping) else None
    if not isinstance(listed, list):
        return None
    return {str(article.get("code")): article for article in listed if isinstance(article, Mapping)}


def _offered(tools: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Names of the tools, in OpenAI's form."""
    functions = [tool.get("function") for tool in tools]
    return frozenset(str(function.get("name")) for function in functions if isinstance(function, Mapping))
