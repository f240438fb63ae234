"""Words for the person at the terminal. Progress goes to stderr, so that stdout holds only what a command answers."""

from __future__ import annotations

import sys


class HouseError(Exception):
    """The command cannot go on. The message is one clear line in French; `detail` holds lines to show below it."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


def say(message: str) -> None:
    """Show one line of progress."""
    print(message, file=sys.stderr, flush=True)


class Counter:
    """A counted progress ("  paquets : 12/80"): redrawn in place on a terminal, every tenth step elsewhere."""

    def __init__(self, label: str, total: int) -> None:
        self._label, self._total, self._done = label, total, 0
        self._live = sys.stderr.isatty()

    def step(self) -> None:
        """Count one more."""
        self._done = min(self._done + 1, self._total)
        if self._live:
            print(f"\r  {self._label} : {self._done}/{self._total}", end="", file=sys.stderr, flush=True)
        elif self._done % 10 == 0:
            say(f"  {self._label} : {self._done}/{self._total}")

    def close(self) -> None:
        """Leave the line."""
        if self._live and self._done:
            print(file=sys.stderr)
        self._done = 0
