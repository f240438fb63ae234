"""The blueprint: `X-API-Key`, `Idempotency-Key` on POST, and the permission each view asks for."""

from __future__ import annotations

from flask import request

from app.extensions import csrf, limiter
from app.web.api import ApiBlueprint
from app.web.authentication import authenticate_key
from app.web.idempotency import idempotent

bp = ApiBlueprint("editor_api", __name__, url_prefix="/api/editor", description="API des éditeurs (X-API-Key)")
csrf.exempt(bp)
limiter.limit("600/minute", key_func=lambda: request.headers.get("X-API-Key", "")[:16] or "anonymous")(bp)
SECURITY = [{"apiKey": []}]


@bp.before_request
def _authenticate() -> None:
    if request.method != "OPTIONS":
        authenticate_key(request.headers.get("X-API-Key"), kinds=("key",), roles=("editeur",))


idempotent(bp)
