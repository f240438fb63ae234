"""The fields of an agent that a trial answers with, as they are kept with it, and the configuration they make."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import inspect

from app.agents.models import PRIVATE, Agent
from app.answering.config import ResolvedConfig, resolve
from app.llm.resolving import named, platform_default

FIELDS = (
    "system_prompt",
    "model",
    "fallback_model",
    "temperature",
    "max_tokens",
    "context_window",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "tools",
)
"""What the playground lets one change."""


def kept_fields(source: Any) -> dict[str, Any]:
    """The fields of an agent, or of a draft of one, as JSON keeps them."""
    return {name: _plain(getattr(source, name)) for name in FIELDS}


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else list(value) if isinstance(value, list | tuple) else value


def config_of(agent: Agent, draft: Mapping[str, Any]) -> ResolvedConfig:
    """What the platform's own deployment of the agent would answer with, if it were as drafted."""
    names = (*inspect(Agent).column_attrs.keys(), *PRIVATE)
    as_it_is = {name: getattr(agent, name) for name in names}
    drafted: Any = SimpleNamespace(**(as_it_is | {name: draft[name] for name in FIELDS if name in draft}))
    return resolve(drafted, {}, dedicated=False, platform=platform_default(), named=named)
