"""How many tokens a text weighs, roughly: for the calls whose provider did not count them, always marked as estimated."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

_CHARACTERS = 4  # per token, for French prose with today's tokenizers
_ENVELOPE = 4  # tokens around each message
_IMAGE = 800


def estimate_text(text: str) -> int:
    """Tokens of a text, rounded up."""
    return -(-len(text) // _CHARACTERS)


def estimate_prompt(messages: Iterable[Mapping[str, Any]]) -> int:
    """Tokens of a list of chat messages; an image counts for a fixed number, whatever the length of its address."""
    return sum(_ENVELOPE + _content(message.get("content")) + _calls(message.get("tool_calls")) for message in messages)


def _content(content: object) -> int:
    if isinstance(content, list):
        return sum(estimate_text(part["text"]) if part["type"] == "text" else _IMAGE for part in content)
    return estimate_text(content) if isinstance(content, str) else 0


def _calls(calls: object) -> int:
    return estimate_text(json.dumps(calls)) if calls else 0
