"""Public identifiers: text primary keys, made by the client (ADR 0001). No other id exists."""

from __future__ import annotations

import secrets
import string

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def new_id(prefix: str) -> str:
    """A new identifier: the prefix, an underscore, 20 random base62 characters (119 bits)."""
    return f"{prefix}_" + "".join(secrets.choice(ALPHABET) for _ in range(20))
