"""Following a trial of the playground while it is written: its whole text so far, a few times a second."""

from __future__ import annotations

import time
from collections.abc import Iterator

from app.core.acting import Actor
from app.core.streams import hub
from app.core.transaction import transaction
from app.evaluation.models import Trial
from app.evaluation.playground import UNFINISHED
from app.evaluation.queueing import stream_key
from app.extensions import db

LISTEN_SECONDS = 0.1
TELL_SECONDS = 0.1
ASK_SECONDS = 2.0

Told = tuple[str, str]
"""A name and a text: `texte` (all of it), `outil` (what is being done), `fin`."""


def follow_trial(actor: Actor, trial_id: str) -> Iterator[Told | None]:
    """Yield what happens until the trial ends; None now and then, for a sign of life.

    The text is told whole each time, so that a browser that comes back shows the same as one that stayed. When nothing was
    heard for a while the row is asked: its stream may be lost.
    """
    text, told = "", ""
    told_at, asked_at = 0.0, time.monotonic()
    if _is_over(actor, trial_id):
        yield "fin", ""
        return
    for item in hub().follow(stream_key(trial_id), None, LISTEN_SECONDS):
        now = time.monotonic()
        if item is not None:
            match item.name:
                case "token":
                    text += str(item.data["text"])
                case "restart":
                    text = ""
                case "tool":
                    yield "outil", str(item.data["label"])
                case "done":
                    yield "texte", text
                    yield "fin", ""
                    return
        if text != told and now - told_at >= TELL_SECONDS:
            told, told_at = text, now
            yield "texte", text
        elif item is None and now - asked_at >= ASK_SECONDS:
            asked_at = now
            if _is_over(actor, trial_id):
                yield "fin", ""
                return
            yield None


def _is_over(actor: Actor, trial_id: str) -> bool:
    with transaction(actor):
        return db.session.scalar(db.select(Trial.status).where(Trial.id == trial_id)) not in UNFINISHED
