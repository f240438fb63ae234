"""The period that a page of figures is about, as its URL says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response

from app.conversations.statistics import Figures, figures
from app.core import clock
from app.core import format as french
from app.core.spreadsheets import write_csv
from app.web.listing import asked_for

PERIODS = {"7": "7 jours", "30": "30 jours", "90": "90 jours"}
DEFAULT_PERIOD = "30"


@dataclass(frozen=True, slots=True)
class Period:
    """Its last day is today; `before` is the first day of the period of the same length that came before."""

    slug: str
    before: date
    since: date
    until: date

    @property
    def words(self) -> str:
        """« 30 jours »."""
        return PERIODS[self.slug]

    @property
    def before_end(self) -> date:
        """The last day of the period before."""
        return self.since - timedelta(days=1)


def asked_period() -> Period:
    """`periode` of the URL: 7, 30 or 90 days."""
    slug = asked_for("periode") if asked_for("periode") in PERIODS else DEFAULT_PERIOD
    until, days = clock.paris_day(), int(slug)
    since = until - timedelta(days=days - 1)
    return Period(slug, since - timedelta(days=days), since, until)


def words_of(period: Period, *, editor_id: str | None, deployment_id: str | None) -> dict[str, Any]:
    """What `deployments/_figures.html` reads: the figures, those of the period before, and the names of the days."""
    return {
        "period": period,
        "periods": PERIODS,
        "figures": figures(editor_id=editor_id, deployment_id=deployment_id, since=period.since, until=period.until),
        "earlier": figures(editor_id=editor_id, deployment_id=deployment_id, since=period.before, until=period.before_end),
        "days": [short_day(day) for day in _days(period)],
        "trend": trend,
    }


def trend(now: float | None, before: float | None, *, better: str = "up", unit: str = "%") -> dict[str, str] | None:
    """How a figure changed since the period before; None when there is nothing to compare with.

    `unit` « points » for a share, whose change is a difference; `better` says whether more is good news.
    """
    if now is None or not before:
        return None
    change = round((now - before) * 100) if unit == "points" else round((now - before) / before * 100)
    if change == 0:
        return {"text": "stable", "kind": "neutral"}
    sign = "+" if change > 0 else french.MINUS
    words = (
        f"{sign}{french.number(abs(change))}{french.NARROW_SPACE}%"
        if unit == "%"
        else f"{sign}{french.plural(abs(change), 'point', 'points')}"
    )
    good = (change > 0) == (better == "up")
    return {"text": words, "kind": "ok" if good else "bad", "icon": "trending-up" if change > 0 else "trending-down"}


def days_as_csv(found: Figures, name: str) -> Response:
    """The figures by day, for a spreadsheet."""
    titles = ["jour", "conversations", "messages", "estimations", "conversion (%)", "premier mot, médiane (ms)", "premier mot, 95 % (ms)"]
    rows: list[list[object]] = [titles]
    for day in found.days:
        conversion = None if day.conversion is None else round(day.conversion * 100)
        rows.append([day.date.isoformat(), day.sessions, day.messages, day.projects, conversion, day.ttft_p50_ms, day.ttft_p95_ms])
    return csv_answer(rows, name)


def csv_answer(rows: list[list[object]], name: str) -> Response:
    """A file that a browser keeps."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return Response(write_csv(rows), mimetype="text/csv", headers=headers)


def _days(period: Period) -> Iterator[date]:
    day = period.since
    while day <= period.until:
        yield day
        day += timedelta(days=1)


def short_day(day: date) -> str:
    """« 12 nov. », under a chart."""
    return f"{'1er' if day.day == 1 else day.day}{french.SPACE}{french.SHORT_MONTHS[day.month - 1]}"
