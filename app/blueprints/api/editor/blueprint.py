"""The blueprint: `X-API-Key`, `Idempotency-Key` on POST, and the permission each view asks for."""

from __future__ import annotations

from app.blueprints.api.ways_in import opened_by_key
from app.web.api import ApiBlueprint

bp = ApiBlueprint("editor_api", __name__, url_prefix="/api/editor", description="API des éditeurs (X-API-Key)", security=[{"apiKey": []}])
opened_by_key(bp, "editeur")
