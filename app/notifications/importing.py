"""The job that proposes the artisans of a file, and tells them when the editor wants it (`identity.importing`)."""

from __future__ import annotations

from datetime import timedelta

from app.core.acting import platform, user
from app.core.jobs import enqueue, enqueue_after_commit
from app.core.transaction import transaction
from app.identity.importing import lost_imports, take_step
from app.notifications import jobs

SILENT = timedelta(minutes=1)


def run_import(import_id: str, editor_id: str, user_id: str) -> None:
    """Treat the lines step by step as the editor who confirmed them; each step commits, with what it queued."""
    actor = user(user_id, role="editeur", account_id=editor_id)
    more = True
    while more:
        with transaction(actor):
            more, asked = take_step(actor, import_id)
            for link_id in asked:
                enqueue_after_commit(jobs.invite_artisan, link_id)


def queue_import(import_id: str, editor_id: str, user_id: str) -> None:
    """Put the job in its queue, under a name of its own: never twice at once."""
    enqueue(jobs.import_artisans, import_id, editor_id, user_id, job_id=f"import-{import_id}")


def sweep_imports() -> None:
    """Queue again imports whose job was lost."""
    with transaction(platform("sweep")):
        lost = [(one.id, one.editor_id, one.created_by) for one in lost_imports(SILENT)]
    for ids in lost:
        queue_import(*ids)
