"""What a stream is made of: events at positions.

A position is `<attempt>-<microseconds>`, both of them chosen by the publisher, so that Redis itself keeps three
promises: an entry sent twice is refused the second time, a worker whose attempt was overtaken is refused for good, and
the entries of an attempt stay in order. It is also the `id` of the Server-Sent Event.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

EXPIRY_SECONDS = 3600
LAST_NAMES = frozenset({"done", "error"})
"""Events after which a stream holds nothing more."""

Position = tuple[int, int]
START: Position = (0, 0)
_POSITION = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")


@dataclass(frozen=True, slots=True)
class StreamItem:
    """One event as a follower gets it; `id` is what to reconnect with."""

    id: str
    name: str
    data: dict[str, Any]


def parse_position(raw: str | None) -> Position:
    """Read a position; what is missing or was made up by a client is the start."""
    match = _POSITION.fullmatch(raw or "")
    return (int(match[1]), int(match[2])) if match else START


def format_position(position: Position) -> str:
    """The position as Redis and clients write it."""
    return f"{position[0]}-{position[1]}"
