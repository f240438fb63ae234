"""The processes beside the web: their entry points, the workers and the schedule."""

from __future__ import annotations

import importlib.util
import pkgutil

import app

LOADED = ("models", "jobs", "facts")
"""What a room is known by: its tables, its jobs, and what it wants to be told of."""


def load_rooms() -> None:
    """Import these modules of every room: a worker, which has no doors, pays for them once, at its start, and a broken one shows there."""
    for context in pkgutil.iter_modules(app.__path__, "app."):
        for name in LOADED if context.ispkg else ():
            if importlib.util.find_spec(f"{context.name}.{name}"):
                importlib.import_module(f"{context.name}.{name}")
