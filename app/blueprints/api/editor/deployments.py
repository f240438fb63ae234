"""Deployments of an editor."""

from __future__ import annotations

from typing import Any

from app.blueprints.api.editor import schemas
from app.blueprints.api.editor.blueprint import SECURITY, bp
from app.deployments.queries import deployments_of
from app.web.access import requires, signed_in
from app.web.api import set_meta


@bp.get("/deployments")
@requires("deployments.manage")
@bp.response(200, schemas.DeploymentOut(many=True))
@bp.doc(security=SECURITY)
def deployments() -> list[dict[str, Any]]:
    """All deployments, by name."""
    found = deployments_of(signed_in().account_id or "")
    set_meta(next_cursor=None, total=len(found))
    return found
