"""Stored files, by signed addresses only; originals are never served."""

from __future__ import annotations

from flask import Blueprint, Response, request
from sqlalchemy import select

from app.conversations.models import Session
from app.core.acting import lending, only_editor, system
from app.core.errors import ForbiddenError, NotFoundError
from app.core.storage import StorageKeyError, StoredFileMissingError, storage
from app.extensions import db
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
    if not _stands_here(key):
        raise NotFoundError()
    try:
        data = storage().get(key)
    except (StoredFileMissingError, StorageKeyError):
        raise NotFoundError() from None
    response = Response(data, mimetype=kind)
    response.headers["Cache-Control"] = "private, max-age=600"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Content-Disposition"] = "inline" if kind != "application/pdf" else "attachment"
    return response


def _stands_here(key: str) -> bool:
    """On an editor's own host name there are the files of his conversations and, since anybody may see them, logos; elsewhere, every file."""
    editor_id = only_editor()
    if editor_id is None:
        return True
    place, _, rest = key.partition("/")
    if place != "files":
        return place == "logos"
    his = select(Session.id).where(Session.id == rest.partition("/")[0])
    with lending(system("file", editor_id=editor_id, artisan_id=None), db.session()):
        return db.session.connection().execute(his).first() is not None
