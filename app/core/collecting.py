"""The garbage collector, for processes that live long."""

from __future__ import annotations

import gc

THRESHOLDS = (20_000, 20, 20)


def settle() -> None:
    """Call once everything is loaded: what is there stays, so that no collection walks through it again, and collections become rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
