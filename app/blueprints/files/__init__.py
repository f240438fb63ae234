"""Stored files, by signed addresses only; originals are never served."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.core.errors import ForbiddenError, NotFoundError
from app.core.storage import StorageKeyError, StoredFileMissingError, storage
from app.web.access import public

bp = Blueprint("files", __name__, url_prefix="/files")
TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "pdf": "application/pdf"}


@bp.get("/<path:key>")
@public
def show(key: str) -> Response:
    """The object of a key whose signature is ours and not expired."""
    kind = TYPES.get(key.rsplit(".", 1)[-1])
    name = request.args.get("n", "")
    if kind is None or key.startswith("raw/"):
        raise NotFoundError()
    if not storage().verify(key, request.args.get("e", ""), request.args.get("s", ""), name):
        raise ForbiddenError("Cette adresse n’est plus valable. Rechargez la page qui la montrait.", code="link_expired")
    try:
        data = storage().get(key)
    except (StoredFileMissingError, StorageKeyError):
        raise NotFoundError() from None
    response = Response(data, mimetype=kind)
    response.headers["Cache-Control"] = "private, max-age=600"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Content-Disposition"] = "inline" if kind != "application/pdf" else "attachment"
    return response
