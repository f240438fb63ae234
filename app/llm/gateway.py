"""The one door to every model: which provider, which model, with which key, and a stream of deltas back."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from app.config import Settings
from app.llm.deltas import Delta
from app.llm.errors import ProviderError

AuthMethod = Literal["bearer", "header", "query"]


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model at an address, with the key of that very address: one never changes without the other (PRODUCT.md, Overlay).

    `tools` says whether the model can call tools, `vision` whether it can see images. The key never shows in a `repr`; it goes
    where `auth_method` says: as a bearer, in the header or in the parameter that `auth_name` names. `headers` go with each call.
    `owner_id` is the account whose key it is, None for the platform's. An address that an account chose is `guarded`: resolved
    and checked before each call, which goes to the checked addresses only (`core.http`).
    """

    provider: str
    model: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    tools: bool = True
    vision: bool = False
    auth_method: AuthMethod = "bearer"
    auth_name: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    owner_id: str | None = None
    guarded: bool = False

    def with_model(self, model: str) -> ModelChoice:
        """Another model of the same provider, at the same address."""
        return replace(self, model=model)


NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})
LOCAL = ModelChoice(provider="local", model="local")
"""The built-in engine (CONTRACT.md): no address, no key, no cost."""


def platform_choice(settings: Settings) -> ModelChoice | None:
    """The platform's default provider, from AI_BASE_URL, AI_API_KEY and AI_MODEL; None without an address and a model."""
    if not settings.ai_base_url or not settings.ai_model:
        return None
    return ModelChoice("platform", settings.ai_model, settings.ai_base_url, settings.ai_api_key)


def stream_completion(
    choice: ModelChoice,
    messages: list[dict[str, Any]],
    tools: Sequence[dict[str, Any]],
    *,
    temperature: float,
    max_tokens: int,
    options: Mapping[str, Any] = NO_OPTIONS,
    seconds: float | None = None,
) -> Generator[Delta, None, None]:
    """Ask a model to go on with a conversation. Messages and tools are in OpenAI's form (`Tool.spec()`).

    `options` are more parameters of the request, under the API's own names; a model that does not know one is asked without it.
    `seconds` bounds the whole call, where it must be shorter than usual.

    Closing the generator ends the provider's work at once. Raises ProviderError, before or between deltas.
    """
    if choice.provider == "local":
        from app.llm.providers import local

        yield from local.stream(messages, list(tools), model=choice.model)
        return
    if not choice.base_url:
        # Without an address of its own the SDK would take its default one, and send it the key.
        raise ProviderError("refused", "no address", provider=choice.provider, model=choice.model)
    # Imported when first used: the SDK costs a second that a process without a remote model need not pay.
    from app.llm.providers import openai_compatible

    yield from openai_compatible.stream(
        choice, messages, tools, temperature=temperature, max_tokens=max_tokens, options=options, seconds=seconds
    )


def list_models(choice: ModelChoice, *, seconds: float) -> list[str]:
    """The names of the models that a server offers, by its own word. Raises ProviderError; « refused », status 404, where it has no list."""
    if choice.provider == "local":
        return [LOCAL.model]
    if not choice.base_url:
        raise ProviderError("refused", "no address", provider=choice.provider, model=choice.model)
    from app.llm.providers import openai_compatible

    return openai_compatible.list_models(choice, seconds=seconds)
