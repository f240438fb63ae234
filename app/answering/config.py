"""What an agent answers with, once master, overlay and platform are put together (003 §8, §12.2, §12.3; PRODUCT.md, Overlay)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.deployments.overlay import TABLE, in_force
from app.llm.gateway import LOCAL, ModelChoice

if TYPE_CHECKING:
    from sqlalchemy import Row

    from app.agents.models import Agent

MAX_WINDOW = int(TABLE["context_window_size"].high or 0)
OLLAMA_PORT = 11434
PROPOSAL_TOOL = "proposer_pre_devis"


@dataclass(frozen=True, slots=True)
class ResolvedConfig:
    """`choices` are the models to try, in order; `context_window` counts messages; `output_schemas` names structured outputs;
    `collection` holds the documents of this deployment alone.
    """

    system_prompt: str
    choices: tuple[ModelChoice, ...]
    temperature: float = 0.3
    max_tokens: int = 1500
    context_window: int = MAX_WINDOW
    tools: tuple[str, ...] = ()
    output_schemas: frozenset[str] = frozenset()
    collection: str | None = None

    @property
    def makes_quotes(self) -> bool:
        """Whether this agent may come to a pre-quote, by tool or by block (003 §15.2 F)."""
        return PROPOSAL_TOOL in self.tools or "pre_quote" in self.output_schemas


def resolve(
    agent: Agent | Row[Any], overlay: Mapping[str, Any], *, dedicated: bool, platform: ModelChoice | None, granted_prompt: str = ""
) -> ResolvedConfig:
    """Merge an agent (or a row with its columns) with the overlay of a deployment, as far as the agent's rules let it.

    The table of `deployments.overlay` says which field may be replaced, within what bounds; `dedicated` is the deployment's own mode.
    `granted_prompt` is what the editor was given in place of the agent's prompt.
    """
    said = in_force(overlay, agent, dedicated=dedicated)
    prompt = said.get("system_prompt_replace") or granted_prompt or agent.system_prompt
    append = said.get("system_prompt_append")
    names = [said.get("model"), agent.model, said.get("fallback_model") or agent.fallback_model]
    return ResolvedConfig(
        system_prompt=f"{prompt}\n\n{append}" if append else prompt,
        choices=_choices([name for name in names if name], said, platform),
        temperature=said.get("temperature", float(agent.temperature)),
        max_tokens=said.get("max_tokens", agent.max_tokens),
        context_window=min(said.get("context_window_size", agent.context_window), MAX_WINDOW),
        tools=tuple(agent.tools),
        collection=said.get("dedicated_collection"),
    )


def _choices(names: list[str], said: Mapping[str, Any], platform: ModelChoice | None) -> tuple[ModelChoice, ...]:
    """The models at the server that the platform named for this deployment, then at the platform's own provider."""
    at_platform = model_choices(names, platform)
    host, model = said.get("ollama_host"), next((name for name in names if name not in ("inherit", "local")), platform and platform.model)
    if not host or not model or names[0] == "local":
        return at_platform
    # No key: one never goes to another address than the one it was saved with.
    own = ModelChoice("ollama", model, f"http://{host}:{said.get('ollama_port', OLLAMA_PORT)}/v1")
    return tuple(dict.fromkeys((*(choice for choice in model_choices(names, own) if choice != LOCAL), *at_platform)))


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
