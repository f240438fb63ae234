"""Jobs of files."""

from __future__ import annotations

from app.core.jobs import job


@job(queue="heavy", timeout=120)
def process_file(file_id: str, editor_id: str | None, artisan_id: str | None) -> None:
    """Check and re-encode one file."""
    from app.files.processing import process

    process(file_id, editor_id, artisan_id)


@job(queue="light", timeout=60)
def sweep_files() -> None:
    """Queue again files whose job was lost."""
    from app.files.processing import sweep

    sweep()
