"""What changed between two versions of an overlay: field by field, line by line, word by word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.text_diff import Change, Line, compare_lines
from app.deployments.overlay import TABLE

__all__ = ["Change", "Line", "compare"]


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The fields that differ, in the order of the table."""
    return [
        Change(row.label, compare_lines(_text(before.get(name)), _text(after.get(name))))
        for name, row in TABLE.items()
        if before.get(name) != after.get(name)
    ]


def _text(value: Any) -> list[str]:
    return [] if value is None else value.split("\n") if isinstance(value, str) else [str(value).replace(".", ",")]
