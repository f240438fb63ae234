"""Providers and models: the catalogue that staff keeps, and the models that accounts add for themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select
from sqlalchemy.orm import contains_eager

from app.audit.service import record
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.transaction import after_commit
from app.extensions import db
from app.llm import resolving
from app.llm.addressing import check_address, check_headers, check_name
from app.llm.models import AUTH_METHODS, CAPABILITIES, ActiveModel, Model, Provider, UserModel
from app.llm.owning import lock_owner

MAX_OWN_MODELS = 200
MAX_CONTEXT = 100_000_000
_PROVIDER_KEY = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_MODEL_KEY = re.compile(r"[\x21-\x7e]{1,200}")
RESERVED = frozenset({"platform"})
"""What usage logs call the provider of AI_BASE_URL."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that an owner may activate. `id` is the row's: of the catalogue, or of the owner's own models when `custom`."""

    id: str
    provider: str
    key: str
    name: str
    context_size: int | None
    capabilities: tuple[str, ...]
    custom: bool


@dataclass(frozen=True, slots=True)
class ProviderValues:
    """A provider as it is typed. `auth_name` is the header or the parameter of the key; `base_url` empty: whoever sets a key says where."""

    key: str
    name: str
    base_url: str = ""
    api_auth_method: str = "bearer"
    auth_name: str = ""
    api_headers: Mapping[str, str] = field(default_factory=dict)
    needs_key: bool = True
    is_active: bool = True
    position: int = 100


@dataclass(frozen=True, slots=True)
class ModelValues:
    """A model of the catalogue as it is typed."""

    key: str
    name: str = ""
    context_size: int | None = None
    capabilities: Sequence[str] = ("tools",)
    is_active: bool = True
    position: int = 100


def providers(*, with_inactive: bool = False) -> Sequence[Provider]:
    """Providers in their order: those in service, or all of them (staff)."""
    every = select(Provider).order_by(Provider.position, Provider.name)
    return db.session.scalars(every if with_inactive else every.where(Provider.is_active)).all()


def provider_by_key(key: str, *, with_inactive: bool = False) -> Provider:
    """A provider. Raises NotFoundError."""
    found = db.session.scalar(select(Provider).where(Provider.key == key))
    if found is None or not (found.is_active or with_inactive):
        raise NotFoundError("Ce fournisseur n’existe pas.", code="unknown_provider")
    return found


def models_of(owner_id: str | None, provider_key: str | None = None) -> list[ModelInfo]:
    """What an owner may activate, at one provider or at all: the catalogue and his own models; of two with the same key, his own."""
    found: dict[tuple[str, str], ModelInfo] = {}
    own = (
        select(UserModel)
        .join(Provider)
        .options(contains_eager(UserModel.provider))
        .where(UserModel.owner_id == owner_id, UserModel.is_active, Provider.is_active)
    )
    shared = select(Model).join(Provider).options(contains_eager(Model.provider)).where(Model.is_active, Provider.is_active)
    if provider_key is not None:
        own, shared = own.where(Provider.key == provider_key), shared.where(Provider.key == provider_key)
    if owner_id is not None:
        for row in db.session.scalars(own.order_by(Provider.position, func.lower(UserModel.name))):
            found[row.provider.key, row.key] = _info(row, custom=True)
    for row in db.session.scalars(shared.order_by(Provider.position, Model.position, Model.name)):
        found.setdefault((row.provider.key, row.key), _info(row, custom=False))
    return list(found.values())


def catalogue_models(provider_key: str) -> Sequence[Model]:
    """The models of a provider's catalogue, those out of service included (staff)."""
    return db.session.scalars(select(Model).join(Provider).where(Provider.key == provider_key).order_by(Model.position, Model.name)).all()


def model_by_id(model_id: str) -> Model:
    """A model of the catalogue. Raises NotFoundError."""
    found = db.session.get(Model, model_id)
    if found is None:
        raise NotFoundError()
    return found


def add_user_model(
    owner_id: str | None,
    provider_key: str,
    key: str,
    name: str = "",
    *,
    context_size: int | None = None,
    capabilities: Iterable[str] = ("tools",),
) -> ModelInfo:
    """Add a model to those an owner may activate; the platform's go to the catalogue. Raises InvalidError by field, ConflictError."""
    provider = provider_by_key(provider_key)
    if owner_id is None:
        return _info(save_model(provider_key, ModelValues(key, name, context_size, tuple(capabilities))), custom=False)
    values = _checked(ModelValues(key, name, context_size, tuple(capabilities)))
    if provider.key == "local":
        raise InvalidError("Ce fournisseur n’a qu’un modèle.", {"provider": ["Le moteur local n’a qu’un modèle."]})
    if db.session.scalar(select(func.count()).where(UserModel.owner_id == owner_id)) >= MAX_OWN_MODELS:
        raise ConflictError(f"{MAX_OWN_MODELS} modèles personnels au plus.", code="too_many_models")
    taken = select(UserModel.id).where(UserModel.owner_id == owner_id, UserModel.provider_id == provider.id, UserModel.key == values.key)
    if db.session.scalar(taken):
        raise _taken()
    model = UserModel(
        owner_id=owner_id,
        provider=provider,
        provider_id=provider.id,
        key=values.key,
        name=values.name,
        context_size=values.context_size,
        capabilities=list(values.capabilities),
    )
    db.session.add(model)
    db.session.flush()
    after_commit(resolving.forget)
    record("ai_model.added", model.id, provider=provider.key, model=values.key)
    return _info(model, custom=True)


def remove_user_model(owner_id: str | None, provider_key: str, key: str) -> None:
    """Take back a model that an owner added. Raises NotFoundError, ConflictError while it is the active one."""
    provider = provider_by_key(provider_key, with_inactive=True)
    lock_owner(owner_id)
    table = UserModel if owner_id is not None else Model
    of_owner = (UserModel.owner_id == owner_id,) if owner_id is not None else ()
    found = db.session.scalar(select(table).where(table.provider_id == provider.id, table.key == key, *of_owner))
    if found is None:
        raise NotFoundError()
    used = select(ActiveModel.id).where(
        ActiveModel.owner_id.is_not_distinct_from(owner_id),
        ActiveModel.provider_id == provider.id,
        ActiveModel.model_key == key,
        ActiveModel.is_active,
    )
    if db.session.scalar(used):
        raise ConflictError("Ce modèle est le modèle actif : activez-en un autre d’abord.", code="model_in_use")
    model_id = found.id
    if isinstance(found, Model):
        found.is_active = False  # its prices tell what it cost
    else:
        db.session.execute(delete(UserModel).where(UserModel.id == model_id))
    db.session.flush()
    after_commit(resolving.forget)
    record("ai_model.removed", model_id, provider=provider.key, model=key)


def save_provider(values: ProviderValues, provider_id: str | None = None) -> Provider:
    """Add a provider, or change one (staff): keys saved before stay with the address that they were saved with.

    Raises InvalidError by field, ConflictError, NotFoundError.
    """
    provider = db.session.get(Provider, provider_id) if provider_id else Provider(key=values.key.strip())
    if provider is None:
        raise NotFoundError()
    errors: dict[str, list[str]] = {}
    if not _PROVIDER_KEY.fullmatch(provider.key) or provider.key in RESERVED:
        errors["key"] = ["Des lettres minuscules sans accent, des chiffres et des tirets, 2 à 40 caractères."]
    elif not provider_id and db.session.scalar(select(Provider.id).where(Provider.key == provider.key)):
        errors["key"] = ["Un autre fournisseur porte ce nom technique."]
    if not values.name.strip():
        errors["name"] = ["Donnez un nom à ce fournisseur."]
    base_url = check_address(values.base_url, errors, trusted=True) if values.base_url.strip() else None
    auth_name = values.auth_name.strip() or None
    if values.api_auth_method not in AUTH_METHODS:
        errors["api_auth_method"] = ["Choisissez comment la clé est envoyée."]
    elif values.api_auth_method != "bearer":
        check_name(auth_name or "", errors, header=values.api_auth_method == "header")
    headers = check_headers(values.api_headers, errors, auth_name=auth_name)
    if errors:
        raise InvalidError("Le fournisseur est à corriger.", errors)
    provider.name, provider.base_url, provider.needs_key = values.name.strip(), base_url, values.needs_key
    provider.api_auth_method = values.api_auth_method
    provider.auth_name = auth_name if values.api_auth_method != "bearer" else None
    provider.private.api_headers, provider.is_active, provider.position = headers, values.is_active, values.position
    db.session.add(provider)
    db.session.flush()
    after_commit(resolving.forget)
    record("ai_provider.changed" if provider_id else "ai_provider.added", provider.id, provider=provider.key)
    return provider


def save_model(provider_key: str, values: ModelValues, model_id: str | None = None) -> Model:
    """Add a model to the catalogue, or change one (staff). Raises InvalidError by field, ConflictError, NotFoundError."""
    provider = provider_by_key(provider_key, with_inactive=True)
    checked = _checked(values)
    same = db.session.scalar(select(Model).where(Model.provider_id == provider.id, Model.key == checked.key))
    model = model_by_id(model_id) if model_id else same if same and not same.is_active else Model(provider_id=provider.id)
    if same is not None and same is not model:
        raise _taken()
    model.provider_id, model.key, model.name = provider.id, checked.key, checked.name
    model.context_size, model.capabilities = checked.context_size, list(checked.capabilities)
    model.is_active, model.position = checked.is_active, checked.position
    model.provider = provider
    db.session.add(model)
    db.session.flush()
    after_commit(resolving.forget)
    record("ai_model.changed" if model_id else "ai_model.added", model.id, provider=provider.key, model=model.key)
    return model


def _checked(values: ModelValues) -> ModelValues:
    key, errors = values.key.strip(), {}
    if not _MODEL_KEY.fullmatch(key):
        errors["key"] = ["L’identifiant du modèle chez le fournisseur, sans espace ni accent, comme gpt-4o-mini."]
    if values.context_size is not None and not 1 <= values.context_size <= MAX_CONTEXT:
        errors["context_size"] = ["Un nombre de jetons positif, ou rien."]
    unknown = set(values.capabilities) - set(CAPABILITIES)
    if unknown:
        errors["capabilities"] = [f"Capacités connues : {', '.join(CAPABILITIES)}."]
    if len(values.name) > 200:
        errors["name"] = ["200 caractères au plus."]
    if errors:
        raise InvalidError("Le modèle est à corriger.", errors)
    known = tuple(name for name in CAPABILITIES if name in values.capabilities)
    return ModelValues(key, " ".join(values.name.split()) or key, values.context_size, known, values.is_active, values.position)


def _taken() -> ConflictError:
    return ConflictError("Ce modèle existe déjà chez ce fournisseur.", code="model_exists")


def _info(row: Model | UserModel, *, custom: bool) -> ModelInfo:
    return ModelInfo(row.id, row.provider.key, row.key, row.name, row.context_size, tuple(row.capabilities), custom)
