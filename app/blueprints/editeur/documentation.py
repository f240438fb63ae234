"""Where to begin an integration: three calls, and the full reference."""

from __future__ import annotations

from flask import Response

from app.blueprints.editeur.blueprint import account_id, bp
from app.deployments.queries import deployments_of
from app.extensions import settings
from app.web.access import requires
from app.web.responding import respond


@bp.get("/documentation")
@requires("api.access")
def documentation() -> Response:
    """The steps with this editor's own key of deployment in them."""
    usable = deployments_of(account_id(), active=True)
    return respond("editeur/documentation.html", base_url=settings().base_url, deployment_key=usable[0]["id"] if usable else "dpl_…")
