"""What an agent answers with, once master, overlay and platform are put together (003 §8, §12.2, §12.3; PRODUCT.md, Overlay)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    `collection` holds the documents of this deployment alone; `images` says whether the model is shown the photos, if it can see.
    """

    system_prompt: str
    choices: tuple[ModelChoice, ...]
    temperature: float = 0.3
    max_tokens: int = 1500
    context_window: int = MAX_WINDOW
    tools: tuple[str, ...] = ()
    output_schemas: frozenset[str] = frozenset()
    collection: str | None = None
    top_p: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    images: bool = True
    response_format: Mapping[str, Any] | None = None

    @property
    def sampling(self) -> dict[str, Any]:
        """What else a request says, under the API's names: only what is not its default, which some models refuse."""
        told: dict[str, Any] = {name: getattr(self, name) for name, usual in _SAMPLING if getattr(self, name) != usual}
        return told | {"response_format": dict(self.response_format)} if self.response_format else told

    @property
    def makes_quotes(self) -> bool:
        """Whether this agent may come to a pre-quote, by tool or by block (003 §15.2 F)."""
        return PROPOSAL_TOOL in self.tools or "pre_quote" in self.output_schemas


_SAMPLING = (("top_p", 1.0), ("frequency_penalty", 0.0), ("presence_penalty", 0.0))
Namer = Callable[[str, "ModelChoice | None"], "ModelChoice | None"]
"""From a model's name (« model » or « provider/model »), and where it is looked for otherwise, to the model; None: not to be had."""


def at_provider(name: str, at: ModelChoice | None) -> ModelChoice | None:
    """A model of that very name, where `at` is."""
    return at.with_model(name) if at else None


def resolve(
    agent: Agent | Row[Any],
    overlay: Mapping[str, Any],
    *,
    dedicated: bool,
    platform: ModelChoice | None,
    own: ModelChoice | None = None,
    granted_prompt: str = "",
    named: Namer = at_provider,
) -> ResolvedConfig:
    """Merge an agent (or a row with its columns) with the overlay of a deployment, as far as the agent's rules let it.

    The table of `deployments.overlay` says which field may be replaced, within what bounds; `dedicated` is the deployment's own mode.
    `granted_prompt` is what the editor was given in place of the agent's prompt. `own` is the active model of the editor, or of the
    artisan where there is no editor, when he may use his own keys (`own_keys.own_model`). An agent's prompt is its own: the prompt of
    an account's active configuration (its snapshot) speaks where no agent does, as in `/api/assist`, never here.

    The models are tried in the order of PRODUCT.md: the overlay's, the agent's own unless it is `inherit`, the fallback, the
    account's active one, the platform's default, the built-in engine where there is none. An `inherit` stands for the account's.
    """
    said = in_force(overlay, agent, dedicated=dedicated)
    prompt = said.get("system_prompt_replace") or granted_prompt or agent.system_prompt
    append = said.get("system_prompt_append")
    names = [said.get("model"), agent.model, said.get("fallback_model") or agent.fallback_model]
    return ResolvedConfig(
        system_prompt=f"{prompt}\n\n{append}" if append else prompt,
        choices=_choices([name for name in names if name], model_server(agent, said), platform, own, named),
        temperature=said.get("temperature", float(agent.temperature)),
        max_tokens=said.get("max_tokens", agent.max_tokens),
        context_window=min(said.get("context_window_size", agent.context_window), MAX_WINDOW),
        tools=tuple(agent.tools) if agent.supports_tools else (),
        collection=said.get("dedicated_collection"),
        output_schemas=frozenset(agent.output_schemas),
        top_p=float(agent.top_p),
        frequency_penalty=float(agent.frequency_penalty),
        presence_penalty=float(agent.presence_penalty),
        images=agent.supports_images,
    )


def model_server(agent: Agent | Row[Any], said: Mapping[str, Any]) -> str | None:
    """The address of the server that the platform named for one deployment, or for the agent; None without any."""
    host, port = (said["ollama_host"], said.get("ollama_port")) if said.get("ollama_host") else (agent.ollama_host, agent.ollama_port)
    return f"http://{host}:{port or OLLAMA_PORT}/v1" if host else None


def _choices(
    names: list[str], server: str | None, platform: ModelChoice | None, own: ModelChoice | None, named: Namer
) -> tuple[ModelChoice, ...]:
    """The models at the server that the platform named, then those of everybody."""
    usual = model_choices(names, platform, own, named)
    default = own or platform
    model = next((name for name in names if name not in ("inherit", "local")), default and default.model)
    if not server or not model or names[0] == "local":
        return usual
    # No key: one never goes to another address than the one it was saved with.
    there = ModelChoice("ollama", model, server)
    return tuple(dict.fromkeys((*(choice for choice in model_choices(names, there) if choice != LOCAL), *usual)))


def model_choices(
    wanted: list[str], platform: ModelChoice | None, own: ModelChoice | None = None, named: Namer = at_provider
) -> tuple[ModelChoice, ...]:
    """The models of these names, each once, then the account's own, then the platform's default.

    `inherit` is the first of these two, `local` the built-in engine, which also serves when there is nothing else and after
    which nothing is added (PRODUCT.md, Model resolution).
    """
    default = own or platform
    choices = [LOCAL if name == "local" else default if name == "inherit" else named(name, platform) for name in filter(None, wanted)]
    if LOCAL not in choices:
        choices += [own, platform]
    return tuple(dict.fromkeys(choice for choice in choices if choice)) or (LOCAL,)
