"""Public identifiers: text primary keys, made by the client (ADR 0001). No other id exists."""

from __future__ import annotations

import secrets
import string

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase

LENGTH = 20
_COUNT = len(ALPHABET) ** LENGTH


def new_id(prefix: str) -> str:
    """A new identifier: the prefix, an underscore, 20 random base62 characters (119 bits)."""
    number, characters = secrets.randbelow(_COUNT), []
    for _ in range(LENGTH):
        number, index = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[index])
    return f"{prefix}_{''.join(characters)}"
