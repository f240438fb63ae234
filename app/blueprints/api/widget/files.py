"""Sending photos and documents."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from werkzeug.datastructures import FileStorage

from app.blueprints.api.bodies import Deleted
from app.blueprints.api.widget import schemas
from app.blueprints.api.widget.blueprint import bp, holder
from app.conversations.service import attach_file, detach_file
from app.files import service
from app.files.models import File
from app.web.access import public


@bp.post("/upload")
@public
@bp.arguments(schemas.UploadIn, location="files")
@bp.response(201, schemas.FileAnswer)
def upload(parts: dict[str, FileStorage]) -> dict[str, Any]:
    """Take in a file; it may be shown once it is `ready`."""
    part = parts["file"]
    with closing(part.stream) as stream:
        data = stream.read(service.MAX_BYTES + 1)
    return _answer(attach_file(holder().session_id, part.filename or "", data))


@bp.get("/files/<file_id>")
@public
@bp.response(200, schemas.FileAnswer)
def show(file_id: str) -> dict[str, Any]:
    """How far a file is."""
    return _answer(service.file_of(holder().session_id, file_id))


@bp.delete("/files/<file_id>")
@public
@bp.response(200, Deleted)
@bp.refuses(422)
def remove(file_id: str) -> dict[str, bool]:
    """Take back a file that was not sent yet."""
    detach_file(holder().session_id, file_id)
    return {"deleted": True}


def _answer(file: File) -> dict[str, Any]:
    return {"file_id": file.id, "status": file.status, "file": service.file_payload(file)}
