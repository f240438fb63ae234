"""The one active model of an owner for a module (001 §2.3)."""

from __future__ import annotations

from sqlalchemy import Select, select, update
from sqlalchemy.orm import joinedload

from app.audit.service import record
from app.core import clock
from app.core.errors import InvalidError
from app.core.transaction import after_commit
from app.extensions import db
from app.llm import resolving
from app.llm.catalogue import models_of
from app.llm.models import ActiveModel, Provider, SystemPrompt
from app.llm.owning import lock_owner

MODULES = ("global",)


def active_model(owner_id: str | None, module: str = "global") -> ActiveModel | None:
    """What an owner activated; its `provider` is at hand."""
    return db.session.scalar(_active(owner_id, module).options(joinedload(ActiveModel.provider)))


def prompt_in_force(owner_id: str | None, module: str = "global") -> str:
    """The prompt of the active configuration, as it was when it was activated; empty without one."""
    found = db.session.scalar(_active(owner_id, module).with_only_columns(ActiveModel.system_prompt))
    return found or ""


def activate(owner_id: str | None, provider_key: str, model_key: str, module: str = "global") -> ActiveModel:
    """Make a model the active one, in place of the one before; the prompt's snapshot stays (PRODUCT.md, Model resolution).

    Raises InvalidError (`module`, `provider`, `model`).
    """
    if module not in MODULES:
        raise InvalidError("Ce module n’existe pas.", {"module": [f"Modules : {', '.join(MODULES)}."]})
    provider = db.session.scalar(select(Provider).where(Provider.key == provider_key, Provider.is_active))
    if provider is None:
        raise InvalidError("Le modèle n’a pas été activé.", {"provider": ["Choisissez un fournisseur."]})
    key = model_key.strip()
    lock_owner(owner_id)
    if all(model.key != key for model in models_of(owner_id, provider.key)):
        raise InvalidError("Le modèle n’a pas été activé.", {"model": ["Choisissez un modèle de ce fournisseur, ou ajoutez-le d’abord."]})
    before = db.session.scalar(_active(owner_id, module).execution_options(populate_existing=True))
    if before and before.provider_id == provider.id and before.model_key == key:
        return before
    prompt = before.system_prompt if before else _active_prompt(owner_id)
    if before:
        before.is_active = False
        db.session.flush()
    chosen = db.session.scalar(
        select(ActiveModel).where(
            ActiveModel.owner_id.is_not_distinct_from(owner_id),
            ActiveModel.module == module,
            ActiveModel.provider_id == provider.id,
            ActiveModel.model_key == key,
        )
    )
    if chosen is None:
        chosen = ActiveModel(owner_id=owner_id, module=module, provider_id=provider.id, provider=provider, model_key=key)
        db.session.add(chosen)
    chosen.system_prompt, chosen.is_active, chosen.activated_at = prompt, True, clock.now()
    chosen.tested_at = chosen.test_ok = chosen.test_latency_ms = chosen.test_error = None
    db.session.flush()
    after_commit(resolving.forget)
    record("ai_model.activated", chosen.id, provider=provider.key, model=key, module=module)
    return chosen


def deactivate(owner_id: str | None, module: str = "global") -> None:
    """Have no active model any more: the platform's default answers, else the built-in engine."""
    lock_owner(owner_id)
    found = active_model(owner_id, module)
    if found is None:
        return
    found.is_active = False
    db.session.flush()
    after_commit(resolving.forget)
    record("ai_model.deactivated", found.id, provider=found.provider.key, model=found.model_key, module=module)


def keep_snapshot(owner_id: str | None, content: str | None, module: str = "global") -> None:
    """Write a prompt, or none, into the active configuration, if there is one."""
    mine = update(ActiveModel).where(ActiveModel.owner_id.is_not_distinct_from(owner_id), ActiveModel.module == module)
    db.session.execute(mine.where(ActiveModel.is_active).values(system_prompt=content))


def _active(owner_id: str | None, module: str) -> Select[tuple[ActiveModel]]:
    return select(ActiveModel).where(
        ActiveModel.owner_id.is_not_distinct_from(owner_id), ActiveModel.module == module, ActiveModel.is_active
    )


def _active_prompt(owner_id: str | None) -> str | None:
    return db.session.scalar(
        select(SystemPrompt.content).where(SystemPrompt.owner_id.is_not_distinct_from(owner_id), SystemPrompt.is_active)
    )
