"""The processes beside the web: their entry points, the concurrent worker and the schedule."""

from __future__ import annotations

import importlib
import pkgutil

import app


def load_jobs() -> None:
    """Import every `jobs` module: a worker pays for it once, at its start, and a broken one shows there."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if module.name.endswith(".jobs"):
            importlib.import_module(module.name)
