"""What an answer tells while it is being written. The texts since the last `Restart`, put end to end, are the answer's text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text for the person."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """A tool is about to run; `label_fr` tells the person what is being done."""

    name: str
    label_fr: str


@dataclass(frozen=True, slots=True)
class Restart:
    """What came before is void: another model begins again, under this attempt number."""

    attempt: int


AnswerEvent = Token | ToolUsed | Restart
