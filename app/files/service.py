"""Files of a conversation: taken in, checked and re-encoded on `heavy`, served by signed URLs only (003 §15.2 D)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from app.core import clock
from app.core.errors import InvalidError, LimitError, NotFoundError, TooLargeError, WrongTypeError
from app.core.ids import new_id
from app.core.jobs import enqueue
from app.core.storage import PAGE_SECONDS, WEBHOOK_SECONDS, storage
from app.core.transaction import after_commit
from app.extensions import db, settings
from app.files.jobs import process_file
from app.files.kinds import sniff
from app.files.models import File

MAX_BYTES = 10 * 1024 * 1024
MAX_PER_SESSION = 10
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf"}


def take_file(
    *, session_id: str, editor_id: str | None, artisan_id: str | None, particulier_id: str | None, name: str, data: bytes
) -> File:
    """Keep what arrived and queue its checks. Raises TooLargeError (10 MB), WrongTypeError (by the bytes), LimitError (10 a session)."""
    if len(data) > MAX_BYTES:
        raise TooLargeError("Ce fichier dépasse 10 Mo.", code="file_too_large")
    mime = sniff(data)
    if mime is None:
        raise WrongTypeError("Seules les photos JPG, PNG, WebP et les PDF sont acceptés.", code="file_type")
    count = db.session.scalar(select(func.count()).where(File.session_id == session_id, File.status != "refused")) or 0
    if count >= MAX_PER_SESSION:
        raise LimitError("Dix fichiers au plus par conversation.", code="too_many_files", retry_after=86_400)
    file_id = new_id("file")
    raw_key = f"raw/{session_id}/{file_id}.{EXTENSIONS[mime]}"
    storage().put(raw_key, data, mime)
    file = File(
        id=file_id,
        session_id=session_id,
        editor_id=editor_id,
        artisan_id=artisan_id,
        particulier_id=particulier_id,
        name=_clean_name(name, EXTENSIONS[mime]),
        mime_type=mime,
        size_bytes=len(data),
        raw_key=raw_key,
    )
    db.session.add(file)
    db.session.flush()
    after_commit(lambda: enqueue(process_file, file_id, editor_id, artisan_id))
    return file


def _clean_name(name: str, extension: str) -> str:
    kept = "".join(char for char in name.replace("\\", "/").rsplit("/", 1)[-1] if char.isprintable()).strip()[:120]
    return kept or f"fichier.{extension}"


def file_of(session_id: str, file_id: str, *, lock: bool = False) -> File:
    """A file of that very session. Raises NotFoundError."""
    statement = select(File).where(File.id == file_id, File.session_id == session_id)
    file = db.session.scalar(statement.with_for_update() if lock else statement)
    if file is None:
        raise NotFoundError()
    return file


def remove_unsent(session_id: str, file_id: str) -> None:
    """Take back a file that was not sent yet."""
    file = file_of(session_id, file_id, lock=True)
    if file.message_id is not None:
        raise InvalidError("Ce fichier est déjà envoyé.", code="file_sent")
    keys = [key for key in (file.raw_key, file.full_key, file.thumb_key) if key]
    after_commit(lambda: [storage().delete(key) for key in keys])
    db.session.delete(file)


def forget_files(session_id: str) -> None:
    """Erase every file of a session, rows and bytes. The bytes first: afterwards nobody would know that they are still there."""
    for file in db.session.scalars(select(File).where(File.session_id == session_id).with_for_update()).all():
        db.session.delete(file)
    for place in ("raw", "files"):
        storage().delete_prefix(f"{place}/{session_id}")


def file_payload(file: File) -> dict[str, Any]:
    """A file as the chat page and the portals see it; its addresses live 15 minutes."""
    return {
        "id": file.id,
        "name": file.name,
        "mime_type": file.mime_type,
        "size": file.size_bytes,
        "status": file.status,
        "error": file.error,
        "url": signed_url(file.full_key, PAGE_SECONDS),
        "thumbnail_url": signed_url(file.thumb_key, PAGE_SECONDS),
        "width": file.details.get("width"),
        "height": file.details.get("height"),
    }


def webhook_file(file: File) -> dict[str, Any]:
    """A file in an event (003 §15.2 E); its addresses live 7 days."""
    return {
        "id": file.id,
        "name": file.name,
        "type": file.mime_type,
        "size": file.size_bytes,
        "url": signed_url(file.full_key, WEBHOOK_SECONDS, absolute=True),
        "thumbnail_url": signed_url(file.thumb_key, WEBHOOK_SECONDS, absolute=True),
    }


def signed_url(key: str | None, seconds: int, *, absolute: bool = False) -> str | None:
    """An address of ours that shows the stored object for a while."""
    return storage().signed_url(key, seconds, base_url=settings().base_url if absolute else "") if key else None


def mark_ready(file: File, **values: Any) -> None:
    """The file may be shown."""
    for name, value in values.items():
        setattr(file, name, value)
    file.status, file.raw_key, file.ready_at = "ready", None, clock.now()


def mark_refused(file: File, sentence: str) -> None:
    """The file cannot be used; the person reads why."""
    file.status, file.error, file.raw_key = "refused", sentence, None
