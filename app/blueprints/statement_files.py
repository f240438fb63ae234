"""Files of statements as answers: the same in the portals that show statements."""

from __future__ import annotations

from flask import Response

from app.billing.statements.mail import file_name
from app.billing.statements.models import Statement
from app.core.errors import NotFoundError
from app.core.storage import StoredFileMissingError, storage


def pdf_answer(found: Statement) -> Response:
    """The PDF as a file that a browser keeps. Raises NotFoundError while it is not written."""
    if found.pdf_key is None:
        raise NotFoundError("Le PDF de ce relevé n’est pas encore prêt.")
    try:
        data = storage().get(found.pdf_key)
    except StoredFileMissingError:
        raise NotFoundError("Le PDF de ce relevé n’est plus dans le stockage.") from None
    return file_answer(data, "application/pdf", file_name(found))


def file_answer(data: bytes, kind: str, name: str) -> Response:
    """Bytes as a file that a browser keeps."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, mimetype=kind, headers=headers)
