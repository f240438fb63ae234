"""What a stream is made of: events at positions.

A position is `<attempt>-<microseconds>`, both of them chosen by the publisher, so that Redis itself keeps three
promises: an entry sent twice is refused the second time, a worker whose attempt was overtaken is refused for good, and
the entries of an attempt stay in order. It is also the `id` of the Server-Sent Event.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from app.core.money import dumps_money

EXPIRY_SECONDS = 3600
LAST_NAMES = frozenset({"done", "error"})
"""Events after which a stream holds nothing more."""

Position = tuple[int, int]
START: Position = (0, 0)
_POSITION = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")


@dataclass(frozen=True, slots=True)
class StreamItem:
    """One event as a follower gets it; `id` is what to reconnect with, `raw` its data in JSON, passed on as it was written."""

    id: str
    name: str
    raw: str

    @classmethod
    def made(cls, name: str, data: dict[str, Any]) -> StreamItem:
        """An event that was never in a stream, so nobody reconnects with it."""
        return cls("", name, dumps_money(data).decode())

    @property
    def data(self) -> dict[str, Any]:
        """The data, read; amounts keep their decimals."""
        return cast(dict[str, Any], json.loads(self.raw, parse_float=Decimal))


def parse_position(raw: str | None) -> Position:
    """Read a position; what is missing or was made up by a client is the start."""
    match = _POSITION.fullmatch(raw or "")
    return (int(match[1]), int(match[2])) if match else START


def format_position(position: Position) -> str:
    """The position as Redis and clients write it."""
    return f"{position[0]}-{position[1]}"
