"""A conversation with the local engine, with a tiny library that answers its tools: what `answering` does, without the product."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.core import money
from app.llm.deltas import Finished, TextDelta, ToolCall, Usage
from app.llm.providers.local import stream
from app.quoting.library_seed import PLATFORM_PRICES

PHOTO = "[Photo jointe : IMG_2041.jpg]"
PRICES = {price.code: price for price in PLATFORM_PRICES}
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("rechercher_prix", "proposer_pre_devis")]


@dataclass(frozen=True)
class _Line:
    total_ht: Decimal
    vat_rate: Decimal


def run_tool(name: str, args: dict[str, Any]) -> dict[str, Any]:
    """Answer a tool as the product does: prices by code, totals computed from the library's prices."""
    if name == "rechercher_prix":
        return {"articles": [_article(code) for code in args["codes"] if code in PRICES]}
    lines = [
        _Line(money.line_total(Decimal(str(line["quantite"])), Decimal(PRICES[line["code"]].unit_price)), Decimal(20))
        for line in args["lignes"]
    ]
    totals = money.totals(lines)
    return {"accepte": True, "total_ht": float(totals.total_ht), "total_ttc": float(totals.total_ttc), "lignes": args["lignes"]}


def _article(code: str) -> dict[str, Any]:
    price = PRICES[code]
    return {"code": code, "libelle": price.label, "unite": price.unit, "prix_unitaire": float(price.unit_price), "tva": 20.0}


@dataclass
class Reply:
    """One answer: its text, the tools called with their arguments, why it ended."""

    text: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    @property
    def proposal(self) -> dict[str, Any] | None:
        """The arguments of the pre-quote proposed in this answer."""
        return next((args for name, args in self.calls if name == "proposer_pre_devis"), None)

    @property
    def quantities(self) -> dict[str, float]:
        """Quantities by price code of the pre-quote proposed in this answer."""
        return {line["code"]: line["quantite"] for line in self.proposal["lignes"]} if self.proposal else {}


class Conversation:
    """Messages as the product would store them: text only, tool calls are not kept between answers."""

    def __init__(
        self,
        tools: list[dict[str, Any]] | None = None,
        runner: Callable[[str, dict[str, Any]], Any] = run_tool,
        system: str = "Vous êtes l’assistant.\nArtisan : Durant Peinture",
    ) -> None:
        self.tools = TOOLS if tools is None else tools
        self.runner = runner
        self.messages: list[dict[str, Any]] = [{"role": "system", "content": system}]

    def say(self, content: str | list[dict[str, Any]]) -> Reply:
        """Send a message and follow the tool loop to the end of the answer."""
        self.messages.append({"role": "user", "content": content})
        reply, working = Reply(), list(self.messages)
        for _ in range(5):
            call = self._once(working, reply)
            if call is None:
                break
            arguments = json.loads(call.arguments)
            reply.calls.append((call.name, arguments))
            function = {"name": call.name, "arguments": call.arguments}
            working.append(
                {"role": "assistant", "content": None, "tool_calls": [{"id": call.id, "type": "function", "function": function}]}
            )
            result = self.runner(call.name, arguments)
            working.append({"role": "tool", "tool_call_id": call.id, "content": result if isinstance(result, str) else json.dumps(result)})
        self.messages.append({"role": "assistant", "content": reply.text})
        return reply

    def _once(self, messages: list[dict[str, Any]], reply: Reply) -> ToolCall | None:
        deltas = list(stream(messages, self.tools, model="local"))
        assert isinstance(deltas[-1], Finished)
        assert isinstance(deltas[-2], Usage)
        assert deltas[-2].estimated
        reply.finished.append(deltas[-1].reason)
        reply.text += "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
        return next((delta for delta in deltas if isinstance(delta, ToolCall)), None)


def talk(*said: str) -> list[Reply]:
    """The answers to messages said one after the other."""
    conversation = Conversation()
    return [conversation.say(text) for text in said]
