"""Figures of a period, as every API answers them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from app.conversations.statistics import figures


def statistics_of(*, editor_id: str | None, deployment_id: str | None, since: date, until: date) -> dict[str, Any]:
    """The figures of an editor or of one deployment, with the period they are of. Raises InvalidError (longer than a year)."""
    found = figures(editor_id=editor_id, deployment_id=deployment_id, since=since, until=until)
    return {"since": since, "until": until, **asdict(found)}
