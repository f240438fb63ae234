"""Structured logs: a constant event name and fields, never message content nor a raw address (ARCHITECTURE.md)."""

from __future__ import annotations

import logging
import sys

import structlog

_processors: list[structlog.typing.Processor] = []
"""One list for ever: a logger keeps the one it was first used with, and a process may be configured again."""


def configure_logging(*, json_lines: bool) -> None:
    """Log to standard error, as JSON lines or for a person. The request id is bound by `web` and by jobs."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if json_lines else structlog.dev.ConsoleRenderer(colors=False)
    )
    # Without the frames' variables: they hold keys and what visitors wrote.
    exceptions: structlog.typing.Processor = (
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
        if json_lines
        else structlog.processors.format_exc_info
    )
    _processors[:] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        exceptions,
        renderer,
    ]
    structlog.configure(
        processors=_processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
