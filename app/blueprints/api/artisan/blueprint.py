"""The blueprint: an artisan's personal token, and the permission each view asks for."""

from __future__ import annotations

from app.blueprints.api.ways_in import opened_by_token
from app.web.api import ApiBlueprint

bp = ApiBlueprint(
    "artisan_api",
    __name__,
    url_prefix="/api/artisan",
    description="API des artisans (jeton personnel en Bearer)",
    security=[{"bearer": []}],
)
opened_by_token(bp, "artisan")
