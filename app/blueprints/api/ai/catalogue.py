"""Providers and models: the catalogue and one's own (001 §5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.blueprints.api.ai import schemas
from app.blueprints.api.ai.blueprint import bp, owner_id
from app.blueprints.api.bodies import Deleted
from app.core.errors import NotFoundError
from app.llm import catalogue
from app.llm.catalogue import ModelInfo
from app.llm.models import Provider
from app.web.access import requires
from app.web.api import set_meta


@bp.get("/ai/providers")
@requires("ai.manage")
@bp.response(200, schemas.AiProvider(many=True))
def providers() -> Sequence[Provider]:
    """The providers in service."""
    found = catalogue.providers()
    set_meta(next_cursor=None, total=len(found))
    return found


@bp.get("/ai/models")
@requires("ai.manage")
@bp.arguments(schemas.AiModelQuery, location="query")
@bp.response(200, schemas.AiModel(many=True))
@bp.refuses(404)
def models(query: dict[str, Any]) -> list[ModelInfo]:
    """What may be activated at a provider, or at all of them: the catalogue, and one's own models."""
    if query["provider"] is not None:
        catalogue.provider_by_key(query["provider"])
    found = catalogue.models_of(owner_id(), query["provider"])
    set_meta(next_cursor=None, total=len(found))
    return found


@bp.post("/ai/models")
@requires("ai.manage")
@bp.arguments(schemas.AiModelIn)
@bp.response(201, schemas.AiModel)
@bp.refuses(404, 409)
def add_model(body: dict[str, Any]) -> ModelInfo:
    """Add a model that the catalogue does not name; an administrator's goes to the catalogue."""
    return catalogue.add_user_model(
        owner_id(), body["provider"], body["key"], body["name"], context_size=body["context_size"], capabilities=body["capabilities"]
    )


@bp.delete("/ai/models")
@requires("ai.manage")
@bp.arguments(schemas.AiModelName, location="query")
@bp.response(200, Deleted)
@bp.refuses(404, 409)
def remove_named_model(query: dict[str, str]) -> dict[str, bool]:
    """Take back a model that was added, by its provider and its key; refused while it is the active one."""
    catalogue.remove_user_model(owner_id(), query["provider"], query["key"])
    return {"deleted": True}


@bp.delete("/ai/models/<model_id>")
@requires("ai.manage")
@bp.response(200, Deleted)
@bp.refuses(409)
def remove_model(model_id: str) -> dict[str, bool]:
    """Take back a model that was added, by its id; refused while it is the active one."""
    owner = owner_id()
    found = next((model for model in catalogue.models_of(owner) if model.id == model_id and (model.custom or owner is None)), None)
    if found is None:
        raise NotFoundError()
    catalogue.remove_user_model(owner, found.provider, found.key)
    return {"deleted": True}
