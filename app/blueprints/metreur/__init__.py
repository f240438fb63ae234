"""The quantity surveyor's portal: the cases whose estimate waits for a technical review (PRODUCT.md, step 5)."""

from __future__ import annotations

from flask import Blueprint, Response

from app.web.access import requires
from app.web.responding import respond

bp = Blueprint("metreur", __name__, url_prefix="/metreur")


@bp.get("/")
@requires("validation.master", "validation.client")
def home() -> Response:
    """The cases to review: none can reach this page yet, so it says what will."""
    return respond("metreur/home.html")
