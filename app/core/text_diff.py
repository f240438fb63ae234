"""What changed between two texts: line by line, and word by word within a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal

Pieces = list[tuple[bool, str]]
"""A line cut in pieces: whether the piece is only on this side, and its text."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or one on each side when it was rewritten; `same` lines are on both."""

    kind: Literal["same", "removed", "added", "rewritten"]
    before: Pieces = field(default_factory=list)
    after: Pieces = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Change:
    """A text that is not the same on both sides."""

    label: str
    lines: list[Line]


def compare_lines(before: Sequence[str], after: Sequence[str]) -> list[Line]:
    """Every line of both sides, in order."""
    found: list[Line] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = before[i1:i2], after[j1:j2]
        if tag == "equal":
            found += [Line("same", [(False, line)], [(False, line)]) for line in old]
            continue
        paired = min(len(old), len(new))
        found += [_rewritten(one, other) for one, other in zip(old, new, strict=False)]
        found += [Line("removed", before=[(True, line)]) for line in old[paired:]]
        found += [Line("added", after=[(True, line)]) for line in new[paired:]]
    return found


def _rewritten(before: str, after: str) -> Line:
    old, new = re.findall(r"\w+|\W", before), re.findall(r"\w+|\W", after)
    left: Pieces = []
    right: Pieces = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if i2 > i1:
            left.append((tag != "equal", "".join(old[i1:i2])))
        if j2 > j1:
            right.append((tag != "equal", "".join(new[j1:j2])))
    return Line("rewritten", left, right)
