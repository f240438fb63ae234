"""The API's documentation, generated from the code (CONTRACT.md, HTTP; 003 §17.6)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template
from yaml import safe_dump

from app.web.access import public
from app.web.api import openapi

bp = Blueprint("docs", __name__, url_prefix="/api/docs")


@bp.get("")
@public
def page() -> str:
    """Swagger UI on our own document."""
    return render_template("docs/page.html")


@bp.get("/openapi.json")
@public
def as_json() -> Response:
    """OpenAPI 3.1 as JSON."""
    return jsonify(openapi())


@bp.get("/openapi.yaml")
@public
def as_yaml() -> Response:
    """OpenAPI 3.1 as YAML."""
    return Response(safe_dump(openapi(), allow_unicode=True, sort_keys=False), mimetype="application/yaml")
