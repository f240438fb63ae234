"""JSON written by a model, read in bounded time and memory."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import NoReturn

from app.quoting.errors import QuoteRefusedError

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8
_TOKEN = re.compile(r'["\[\]{}]|\\.', re.DOTALL)


def read_json(text: str) -> object:
    """Parse JSON of at most 64 KB and 8 levels; numbers with a point come as Decimal.

    Raises QuoteRefusedError, also on NaN and infinities, which are not JSON.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise QuoteRefusedError("Le pré-devis dépasse 64 Ko.")
    if _depth(text) > MAX_DEPTH:
        raise QuoteRefusedError("Le pré-devis est imbriqué trop profondément.")
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_not_json)
    except ValueError:
        raise QuoteRefusedError("Le pré-devis n’est pas du JSON valide.") from None


def _depth(text: str) -> int:
    """The deepest nesting, found in one pass: the parser itself would recurse."""
    deepest = level = 0
    quoted = False
    for token in _TOKEN.findall(text):
        if token == '"':
            quoted = not quoted
        elif not quoted and token in "[{":
            level += 1
            deepest = max(deepest, level)
        elif not quoted and token in "]}":
            level -= 1
    return deepest


def _not_json(name: str) -> NoReturn:
    raise ValueError(name)
