"""The processes beside the web: their entry points, the workers and the schedule."""

from __future__ import annotations

import importlib.util
import pkgutil

import app


def load_jobs() -> None:
    """Import the `jobs` module of every context: a worker pays for them once, at its start, and a broken one shows there."""
    for context in pkgutil.iter_modules(app.__path__, "app."):
        if context.ispkg and importlib.util.find_spec(f"{context.name}.jobs"):
            importlib.import_module(f"{context.name}.jobs")
