"""The period of a page of costs: a month, the running one by default, or the last days."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from app.core import clock
from app.core import format as french
from app.web.listing import asked_for

DAYS = {"7": "7 derniers jours", "30": "30 derniers jours", "90": "90 derniers jours"}
MONTHS_OFFERED = 12
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class CostPeriod:
    """`since` to `until`, compared with `before_since` to `before_until`: as many days before, or the same days of the month before.

    `words` and `before_words` say when: « en novembre 2026 », « sur les 30 derniers jours ».
    """

    slug: str
    words: str
    before_words: str
    since: date
    until: date
    before_since: date
    before_until: date


def asked_cost_period() -> CostPeriod:
    """`periode` of the URL: `2026-11`, or 7, 30, 90; the running month when it is none of them."""
    asked, today = asked_for("periode"), clock.paris_day()
    if asked in DAYS:
        days = timedelta(days=int(asked))
        since = today - days + timedelta(days=1)
        return CostPeriod(
            asked, f"sur les {DAYS[asked]}", f"les {asked} jours d’avant", since, today, since - days, since - timedelta(days=1)
        )
    running = today.replace(day=1)
    first = date.fromisoformat(f"{asked}-01") if _MONTH.fullmatch(asked) else running
    return _month(min(first, running), today)


def offered_periods() -> list[tuple[str, str]]:
    """The choices of the filter; the running month needs no parameter."""
    first = clock.paris_day().replace(day=1)
    months = [("", f"{french.month(first).capitalize()} (en cours)")]
    for _ in range(MONTHS_OFFERED):
        first = (first - timedelta(days=1)).replace(day=1)
        months.append((first.strftime("%Y-%m"), french.month(first).capitalize()))
    return [*months[:2], *DAYS.items(), *months[2:]]


def _month(first: date, today: date) -> CostPeriod:
    last = min(_last_day(first), today)
    before = (first - timedelta(days=1)).replace(day=1)
    before_end = _last_day(before)
    running = first == today.replace(day=1)
    same_day = min(before_end, before + (last - first)) if running else before_end
    return CostPeriod(
        "" if running else first.strftime("%Y-%m"),
        f"en {french.month(first)}",
        f"en {french.month(before)}{', au même jour' if running else ''}",
        first,
        last,
        before,
        same_day,
    )


def _last_day(first: date) -> date:
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])
