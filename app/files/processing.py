"""The work of queue `heavy`: read what arrived, re-encode it, forget the original (PRODUCT.md, Personal data)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import select

from app.core import clock
from app.core.acting import platform, system
from app.core.jobs import enqueue
from app.core.storage import storage
from app.core.streams import publisher
from app.core.transaction import after_commit, transaction
from app.extensions import db, redis_client
from app.files.jobs import process_file
from app.files.kinds import RefusedFileError
from app.files.models import File
from app.files.pdf_check import check_pdf
from app.files.service import EXTENSIONS, file_payload, mark_ready, mark_refused

LOST_AFTER = timedelta(minutes=1)
MAX_TRIES, TRIES_SECONDS = 3, 3600
WHEN_READY: list[Callable[[File], None]] = []
"""What upper contexts do in the transaction that makes a file ready: telling partners (ARCHITECTURE.md, a registry opens the circle)."""


def session_stream(session_id: str) -> str:
    """The Redis stream of what happens in a session beside its replies."""
    return f"session:{session_id}"


def process(file_id: str, editor_id: str | None, artisan_id: str | None) -> None:
    """Check and re-encode one file; repeating it is harmless."""
    tenant = system("file", editor_id=editor_id, artisan_id=artisan_id)
    with transaction(tenant):
        found = db.session.execute(select(File.raw_key, File.mime_type, File.status).where(File.id == file_id)).one_or_none()
    if found is None or found.status != "processing" or found.raw_key is None:
        return
    from app.files.images import Variants, reencode  # only their worker loads the decoders

    data = storage().get(found.raw_key)
    variants: Variants | None = None
    refusal: str | None = None
    try:
        with _bounded(file_id):
            if found.mime_type == "application/pdf":
                check_pdf(data)
            else:
                variants = reencode(data)
    except RefusedFileError as error:
        refusal = str(error)
    with transaction(tenant):
        file = db.session.scalar(select(File).where(File.id == file_id, File.status == "processing").with_for_update())
        if file is None:
            return
        raw_key = file.raw_key
        if refusal is not None:
            mark_refused(file, refusal)
        elif variants is None:
            key = f"files/{file.session_id}/{file.id}.pdf"
            storage().put(key, data, "application/pdf")
            mark_ready(file, full_key=key)
        else:
            stem = f"files/{file.session_id}/{file.id}"
            full_key, thumb_key = f"{stem}.{EXTENSIONS[variants.mime]}", f"{stem}_thumb.webp"
            storage().put(full_key, variants.full, variants.mime)
            storage().put(thumb_key, variants.thumb, "image/webp")
            mark_ready(
                file,
                full_key=full_key,
                thumb_key=thumb_key,
                mime_type=variants.mime,
                size_bytes=len(variants.full),
                details={"width": variants.width, "height": variants.height},
            )
        payload, stream = {"file": file_payload(file)}, session_stream(file.session_id)
        name = "file.ready" if refusal is None else "file.refused"
        if refusal is None:
            for tell in WHEN_READY:
                tell(file)
        after_commit(lambda: publisher().event(stream, 1, name, payload))
        after_commit(lambda: publisher().flush(2.0))
        after_commit(lambda: storage().delete(raw_key) if raw_key else None)


@contextmanager
def _bounded(file_id: str) -> Iterator[None]:
    """Refuse a file that has already ended its worker, or used up its time, too often: it would hold up everybody's for ever."""
    tries = f"file-tries:{file_id}"
    with redis_client().pipeline() as pipe:
        count, _ = pipe.incr(tries).expire(tries, TRIES_SECONDS).execute()
    if count > MAX_TRIES:
        raise RefusedFileError("Nous n’arrivons pas à lire ce fichier. Envoyez-en une autre version, ou une photo.")
    yield
    redis_client().delete(tries)


def sweep() -> int:
    """Queue files that have waited too long: Redis forgot their job, or its worker died. Returns how many."""
    with transaction(platform("sweep")):
        waiting = db.session.execute(
            select(File.id, File.editor_id, File.artisan_id)
            .where(File.status == "processing", File.created_at < clock.now() - LOST_AFTER)
            .order_by(File.created_at)
            .limit(100)
        ).all()
    for file in waiting:
        enqueue(process_file, *file, job_id=file.id)
    return len(waiting)
