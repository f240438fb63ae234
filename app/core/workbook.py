"""Workbooks for spreadsheets: typed cells, several sheets, and no cell that is ever run as a formula.

A text is written as a text, whatever it begins with; one that looks like a formula also bears the mark « as typed », so that
editing the cell does not make one of it.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from app.core import clock
from app.core.spreadsheets import looks_like_formula

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAX_TEXT = 32_000
_MAX_NAME = 31
_MEASURED = 200
_BREATH = 500
_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\']")
_FORMATS: dict[str, dict[str, Any]] = {
    "title": {"bold": True},
    "day": {"num_format": "dd/mm/yyyy"},
    "moment": {"num_format": "dd/mm/yyyy hh:mm:ss"},
    "as_typed": {"quote_prefix": True},
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, the titles of its columns, its rows (text, numbers, days, moments, None)."""

    name: str
    titles: Sequence[str]
    rows: Iterable[Sequence[object]]


def write_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """A workbook of these sheets; moments are in Paris time. The titles stay in sight, a column is as wide as the widest of its first texts."""
    import xlsxwriter  # where a workbook is asked for, and nowhere else

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "use_zip64": True}) as book:
        formats = {name: book.add_format(values) for name, values in _FORMATS.items()}
        for sheet in sheets:
            page = book.add_worksheet(_NOT_IN_A_NAME.sub(" ", sheet.name)[:_MAX_NAME])
            page.freeze_panes(1, 0)
            widths = [len(title) for title in sheet.titles]
            for column, title in enumerate(sheet.titles):
                page.write_string(0, column, _storable(title), formats["title"])
            for number, row in enumerate(sheet.rows, 1):
                if number <= _MEASURED:
                    widths = [max(width, _width(value)) for width, value in zip(widths, row, strict=True)]
                elif number % _BREATH == 0:
                    time.sleep(0)  # where jobs and requests are greenlets, the others go on meanwhile
                for column, value in enumerate(row):
                    _write(page, number, column, value, formats)
            for column, width in enumerate(widths):
                page.set_column(column, column, min(max(width, 8), 60) + 2)
    return out.getvalue()


def _width(value: object) -> int:
    return 18 if isinstance(value, datetime) else 10 if isinstance(value, date) else 0 if value is None else len(str(value))


def _storable(text: str) -> str:
    return _REFUSED.sub("", text)[:_MAX_TEXT]


def _write(page: Worksheet, row: int, column: int, value: object, formats: dict[str, Any]) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, datetime):
        page.write_datetime(row, column, value.astimezone(clock.PARIS).replace(tzinfo=None), formats["moment"])
    elif isinstance(value, date):
        page.write_datetime(row, column, value, formats["day"])
    elif isinstance(value, str):
        text = _storable(value)
        page.write_string(row, column, text, formats["as_typed"] if looks_like_formula(text) else None)
    else:
        page.write_number(row, column, value)
