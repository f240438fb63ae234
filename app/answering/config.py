"""What an agent answers with, once master, overlay and platform are put together (003 §8, §12.2, §12.3; PRODUCT.md, Overlay)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.llm.gateway import LOCAL, ModelChoice

if TYPE_CHECKING:
    from sqlalchemy import Row

    from app.agents.models import Agent

TEMPERATURES = (0.1, 1.5)
MAX_WINDOW = 20
MAX_TOKENS = (64, 8000)
PROPOSAL_TOOL = "proposer_pre_devis"


@dataclass(frozen=True, slots=True)
class ResolvedConfig:
    """`choices` are the models to try, in order; `context_window` counts messages; `output_schemas` names structured outputs."""

    system_prompt: str
    choices: tuple[ModelChoice, ...]
    temperature: float = 0.3
    max_tokens: int = 1500
    context_window: int = MAX_WINDOW
    tools: tuple[str, ...] = ()
    output_schemas: frozenset[str] = frozenset()

    @property
    def makes_quotes(self) -> bool:
        """Whether this agent may come to a pre-quote, by tool or by block (003 §15.2 F)."""
        return PROPOSAL_TOOL in self.tools or "pre_quote" in self.output_schemas


def resolve(agent: Agent | Row[Any], overlay: Mapping[str, Any], *, dedicated: bool, platform: ModelChoice | None) -> ResolvedConfig:
    """Merge an agent (or a row with its columns) with the overlay of a deployment.

    An overlay's values are kept within the master's bounds (003 §12.5), those of a wrong type ignored; only a dedicated
    deployment replaces the prompt or the model.
    """
    prompt, append = agent.system_prompt, _text(overlay, "system_prompt_append")
    if dedicated:
        prompt = _text(overlay, "system_prompt_replace") or prompt
    wanted = [_text(overlay, "model"), agent.model, _text(overlay, "fallback_model")] if dedicated else [agent.model]
    return ResolvedConfig(
        system_prompt=f"{prompt}\n\n{append}" if append else prompt,
        choices=model_choices(wanted, platform),
        temperature=_number(overlay, "temperature", float(agent.temperature), *TEMPERATURES),
        max_tokens=round(_number(overlay, "max_tokens", agent.max_tokens, *MAX_TOKENS)),
        context_window=min(round(_number(overlay, "context_window_size", agent.context_window, 1, MAX_WINDOW)), MAX_WINDOW),
        tools=tuple(agent.tools),
    )


def model_choices(wanted: list[str], platform: ModelChoice | None) -> tuple[ModelChoice, ...]:
    """The models of these names at the platform's provider, each once, then the platform's own default.

    `inherit` is that default, `local` the built-in engine, which also serves when there is nothing else
    (PRODUCT.md, Model resolution).
    """
    choices: list[ModelChoice | None] = []
    for name in filter(None, wanted):
        choices.append(LOCAL if name == "local" else platform if name == "inherit" or not platform else platform.with_model(name))
    if LOCAL not in choices:
        choices.append(platform)
    return tuple(dict.fromkeys(choice for choice in choices if choice)) or (LOCAL,)


def _text(overlay: Mapping[str, Any], key: str) -> str:
    value = overlay.get(key)
    return value.strip() if isinstance(value, str) else ""


def _number(overlay: Mapping[str, Any], key: str, inherited: float, low: float, high: float) -> float:
    value = overlay.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return inherited
    return min(max(value, low), high)
