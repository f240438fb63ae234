"""Keys: their state, never the keys (001 §5.1, `ai-keys-manager` without `get-key`)."""

from __future__ import annotations

from typing import Any

from app.blueprints.api.ai import schemas
from app.blueprints.api.ai.blueprint import bp, owner_id
from app.blueprints.api.bodies import Deleted
from app.blueprints.api.ways_in import enter_again
from app.core.errors import NotFoundError
from app.llm import credentials
from app.llm.catalogue import provider_by_key
from app.llm.checking import CheckResult, test_key
from app.llm.credentials import KeyStatus, key_statuses
from app.llm.starting import before_test
from app.web.access import requires
from app.web.api import set_meta


@bp.get("/ai/keys")
@requires("ai.manage")
@bp.response(200, schemas.AiKey(many=True))
def keys() -> list[KeyStatus]:
    """Each provider, whether it has a key, and what its last test said."""
    found = key_statuses(owner_id())
    set_meta(next_cursor=None, total=len(found))
    return found


@bp.put("/ai/keys/<provider>")
@requires("ai.manage")
@bp.arguments(schemas.AiKeyIn)
@bp.response(200, schemas.AiKey)
def set_key(body: dict[str, Any], provider: str) -> KeyStatus:
    """Give a key, or another one. `base_url` null keeps the address; another address asks for the key again."""
    provider_by_key(provider)
    credentials.set_key(owner_id(), provider, body["api_key"] or "", body["base_url"])
    return _status(provider)


@bp.post("/ai/keys/<provider>/test")
@requires("ai.manage")
@bp.response(200, schemas.AiCheck)
def test(provider: str) -> CheckResult:
    """Ask the provider whether it takes the key."""
    provider_by_key(provider)
    before_test(owner_id())
    result = test_key(owner_id(), provider)
    enter_again()
    return result


@bp.delete("/ai/keys/<provider>")
@requires("ai.manage")
@bp.response(200, Deleted)
def delete_key(provider: str) -> dict[str, bool]:
    """Forget a key."""
    credentials.delete_key(owner_id(), provider)
    return {"deleted": True}


def _status(provider: str) -> KeyStatus:
    found = next((key for key in key_statuses(owner_id()) if key.provider == provider), None)
    if found is None:
        raise NotFoundError()
    return found
