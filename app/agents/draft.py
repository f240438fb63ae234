"""An agent as somebody is about to save it: for trying it before (000, playground)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from app.agents.fields import checked
from app.agents.models import Agent


@dataclass(frozen=True, slots=True)
class AgentDraft:
    """The attributes of an agent that an answer depends on, validated and kept nowhere. `id` is the agent's, None for one not made yet."""

    id: str | None = None
    name: str = ""
    system_prompt: str = ""
    model: str = "inherit"
    fallback_model: str | None = None
    temperature: Decimal = Decimal("0.3")
    top_p: Decimal = Decimal("1")
    frequency_penalty: Decimal = Decimal("0")
    presence_penalty: Decimal = Decimal("0")
    max_tokens: int = 1500
    context_window: int = 20
    tools: tuple[str, ...] = ()
    output_schemas: tuple[str, ...] = ()
    supports_images: bool = False
    supports_tools: bool = False
    ollama_host: str | None = None
    ollama_port: int | None = None
    collection: str | None = None
    deployment_mode: str = "internal"
    whitelabel_config: Mapping[str, Any] | None = None


NAMES = tuple(field.name for field in fields(AgentDraft))
_NOT_TYPED = ("id", "deployment_mode", "whitelabel_config")


def draft_agent(agent: Agent | None, values: Mapping[str, Any]) -> AgentDraft:
    """The agent (None: a new one) with `values` in place of its own; names that no answer depends on are left out.

    Raises InvalidError by field, as saving would.
    """
    typed = checked({name: value for name, value in values.items() if name in NAMES and name not in _NOT_TYPED}, agent)
    present = {name: getattr(agent, name) for name in NAMES} if agent is not None else {"whitelabel_config": {}}
    made = {**present, **typed}
    return AgentDraft(**{name: tuple(value) if isinstance(value, list) else value for name, value in made.items()})
