"""Which model answers (PRODUCT.md, Model resolution): an account's active one, the platform's, or one that an agent names.

Read once in 5 s by each process: a reply costs no query for it. A change is seen at once where it was made, elsewhere in 5 s.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import Row, and_, false, select

from app.core.crypto import UnsealError
from app.extensions import settings
from app.llm import prices
from app.llm.gateway import LOCAL, ModelChoice, platform_choice
from app.llm.models import ActiveModel, Credential, Model, Provider, ProviderPrivate, UserModel
from app.llm.reading import read
from app.llm.sealing import unseal_key

log = structlog.get_logger(__name__)
KEPT_SECONDS = 5.0
_MOST_ACCOUNTS = 5000
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class _Platform:
    """`places` are the providers that the platform can call, as choices without a model; `models` those of the catalogue, by their key."""

    active: ModelChoice | None
    places: dict[str, ModelChoice]
    models: dict[str, dict[str, ModelChoice]]


class _Kept(Generic[Kept]):
    """Values read lately. While one greenlet reads a value again, the others take the old one."""

    def __init__(self) -> None:
        self._values: dict[str | None, tuple[float, Kept]] = {}
        self._reading: set[str | None] = set()
        self._lock = threading.Lock()
        self._changes = 0

    def get(self, name: str | None, load: Callable[[], Kept]) -> Kept:
        """The value, at most `KEPT_SECONDS` old, or a little more while it is read."""
        known = self._values.get(name)
        if known and time.monotonic() - known[0] < KEPT_SECONDS:
            return known[1]
        with self._lock:
            if known and name in self._reading:
                return known[1]
            self._reading.add(name)
            changes = self._changes
        try:
            value = load()
        finally:
            with self._lock:
                self._reading.discard(name)
        with self._lock:
            if changes == self._changes:
                if len(self._values) >= _MOST_ACCOUNTS:
                    self._values.clear()
                self._values[name] = (time.monotonic(), value)
        return value

    def forget(self) -> None:
        """Read everything again; what is being read now is not kept."""
        with self._lock:
            self._changes += 1
            self._values.clear()


_platform: _Kept[_Platform] = _Kept()
_accounts: _Kept[ModelChoice | None] = _Kept()


def forget() -> None:
    """After a change: nothing read before is used again by this process."""
    _platform.forget()
    _accounts.forget()
    prices.forget()


def platform_default() -> ModelChoice | None:
    """The model that the platform activated, when its key is there; else the one of AI_BASE_URL; else None: the built-in engine."""
    return _platform.get(None, _read_platform).active or platform_choice(settings())


def account_default(owner_id: str) -> ModelChoice | None:
    """The active model of an editor or artisan, with his own key; None when he has none that could be called."""
    return _accounts.get(owner_id, lambda: _read_active(owner_id))


def named(name: str, at: ModelChoice | None) -> ModelChoice | None:
    """The model of this name, « model » or « provider/model »: of the catalogue with the platform's key, else that model at `at`."""
    if name == LOCAL.model:
        return LOCAL
    known = _platform.get(None, _read_platform)
    at_key = at.provider if at else ""
    found = known.models.get(name)
    if found:
        # Two providers may serve a model of the same name: the one at hand first, then in the catalogue's order.
        return found.get(at_key) or next(iter(found.values()))
    provider, _, model = name.partition("/")
    if model and (place := known.places.get(provider)):
        return known.models.get(model, {}).get(provider) or place.with_model(model)
    return at.with_model(name) if at else None


KEY_COLUMNS = (
    Provider.key.label("provider"),
    Provider.base_url.label("provider_url"),
    Provider.api_auth_method,
    Provider.auth_name,
    select(ProviderPrivate.api_headers).where(ProviderPrivate.provider_id == Provider.id).scalar_subquery().label("api_headers"),
    Provider.needs_key,
    Credential.id.label("credential_id"),
    Credential.base_url,
    Credential.sealed_key,
    Credential.updated_at,
)
"""What `choice_at` needs of a provider and of the owner's key there; asked through `read`, for the headers are the platform's own."""


def _read_platform() -> _Platform:
    """Two statements: the providers that have the platform's key or need none, then the catalogue with the active model."""
    held = and_(Credential.provider_id == Provider.id, Credential.owner_id.is_(None))
    places: dict[str, ModelChoice] = {}
    for row in read(select(*KEY_COLUMNS).outerjoin(Credential, held).where(Provider.is_active).order_by(Provider.position, Provider.key)):
        if choice := choice_at(row, "", None):
            places[row.provider] = choice
    catalogue = (
        select(Provider.key.label("provider"), Model.key, Model.capabilities)
        .join(Model, Model.provider_id == Provider.id)
        .where(Model.is_active)
        .order_by(Provider.position, Model.position, Model.key)
    )
    models: dict[str, dict[str, ModelChoice]] = {}
    for row in read(catalogue):
        if place := places.get(row.provider):
            models.setdefault(row.key, {})[row.provider] = _able(replace(place, model=row.key), row.capabilities)
    return _Platform(_read_active(None), places, models)


def _read_active(owner_id: str | None) -> ModelChoice | None:
    """The active model of an owner where it can be called; one statement."""
    row = next(iter(read(active_statement(owner_id, "global"), owner_id=owner_id)), None)
    if row is None or not row.provider_active:
        return None
    return choice_of(row, owner_id)


def active_statement(owner_id: str | None, module: str) -> Any:
    """The active model of an owner with its provider, his key there, and what the model can do."""
    mine = Credential.owner_id.is_not_distinct_from(owner_id)
    own_model = UserModel.owner_id == owner_id if owner_id else false()
    return (
        select(
            *KEY_COLUMNS,
            ActiveModel.id.label("active_id"),
            ActiveModel.provider_id,
            ActiveModel.model_key,
            Provider.is_active.label("provider_active"),
            UserModel.capabilities.label("own_capabilities"),
            Model.capabilities.label("capabilities"),
        )
        .join(Provider, Provider.id == ActiveModel.provider_id)
        .outerjoin(Credential, and_(Credential.provider_id == Provider.id, mine))
        .outerjoin(Model, and_(Model.provider_id == Provider.id, Model.key == ActiveModel.model_key))
        .outerjoin(UserModel, and_(UserModel.provider_id == Provider.id, UserModel.key == ActiveModel.model_key, own_model))
        .where(ActiveModel.owner_id.is_not_distinct_from(owner_id), ActiveModel.module == module, ActiveModel.is_active)
    )


def choice_of(row: Row[Any], owner_id: str | None) -> ModelChoice | None:
    """The active model of a row of `active_statement`; None when there is nothing to call it with."""
    choice = choice_at(row, row.model_key, owner_id)
    capabilities = row.own_capabilities if row.own_capabilities is not None else row.capabilities
    return _able(choice, capabilities) if choice and capabilities is not None else choice


def choice_at(row: Row[Any], model: str, owner_id: str | None) -> ModelChoice | None:
    """A model at the provider of a row, with the owner's key there and at the address of that key; None without what it needs."""
    if row.provider == LOCAL.provider:
        return LOCAL
    key: str | None = None
    if row.sealed_key:
        try:
            key = unseal_key(row.sealed_key, owner_id, row.provider, row.base_url)
        except UnsealError:
            log.error("provider_key.unreadable", provider=row.provider, owner_id=owner_id)
            return None
    address = row.base_url or (row.provider_url if not row.needs_key and owner_id is None else None)
    if not address or (row.needs_key and key is None):
        return None
    guarded = owner_id is not None and address != row.provider_url
    # The headers of a provider are for its own server: another one, of an account's choice, is told nothing of the platform's.
    headers = () if guarded and row.provider_url else tuple(sorted(row.api_headers.items()))
    return ModelChoice(
        provider=row.provider,
        model=model,
        base_url=address,
        api_key=key,
        auth_method=row.api_auth_method,
        auth_name=row.auth_name,
        headers=headers,
        owner_id=owner_id,
        guarded=guarded,
    )


def _able(choice: ModelChoice, capabilities: list[str]) -> ModelChoice:
    if choice == LOCAL:
        return LOCAL
    return replace(choice, tools="tools" in capabilities, vision="vision" in capabilities)
