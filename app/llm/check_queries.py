"""The tests that were made, as lists show them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from app.llm.models import ActiveModel, Provider, ProviderCheck

_SHOWN = ("id", "kind", "ok", "api_key_ok", "model_accessible", "latency_ms", "error_kind", "said_fr", "model_key", "created_at")


def checks_of(owner_id: str | None) -> Select[Any]:
    """An owner's tests with the `provider` of each and its `provider_name`; to be ordered by `created_at`."""
    columns = [getattr(ProviderCheck, name) for name in _SHOWN]
    return (
        select(*columns, Provider.key.label("provider"), Provider.name.label("provider_name"))
        .join(Provider, Provider.id == ProviderCheck.provider_id)
        .where(ProviderCheck.owner_id.is_not_distinct_from(owner_id))
    )


def checks_of_active(owner_id: str | None, active: ActiveModel) -> Select[Any]:
    """Those of the configuration that is active."""
    same = (ProviderCheck.kind == "config", ProviderCheck.provider_id == active.provider_id, ProviderCheck.model_key == active.model_key)
    return checks_of(owner_id).where(*same)
