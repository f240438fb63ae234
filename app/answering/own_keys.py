"""Whose key answers: the platform's, or that of the account that deploys the agent, when it may (PRODUCT.md, Model resolution)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.llm.gateway import ModelChoice
from app.llm.resolving import account_default

if TYPE_CHECKING:
    from sqlalchemy import Row

    from app.agents.models import Agent


def may_use_own_keys(agent: Agent | Row[Any], granted: bool) -> bool:
    """Whether whoever deploys the agent may have it answered by his own provider: his grant says so, or the agent's rules."""
    return granted or bool(agent.whitelabel_config.get("allow_own_keys"))


def own_model(agent: Agent | Row[Any], *, granted: bool, editor_id: str | None, artisan_id: str | None = None) -> ModelChoice | None:
    """The active model of the editor, or of the artisan where there is no editor; None when he has none, or may not use it.

    `granted` is what the editor's grant says. Nothing is read where own keys are not allowed.
    """
    owner = editor_id or artisan_id
    return account_default(owner) if owner and may_use_own_keys(agent, granted) else None
