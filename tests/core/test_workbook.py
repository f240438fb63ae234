"""Workbooks, opened again by a library that did not write them."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from app.core.workbook import Sheet, write_xlsx


def opened(*sheets: Sheet) -> Workbook:
    return load_workbook(io.BytesIO(write_xlsx(sheets)))


def test_cells_keep_their_types() -> None:
    moment = datetime(2026, 11, 21, 11, 30, tzinfo=UTC)
    row = ["Réponses & « essais » <b>", 12, Decimal("0.000031"), date(2026, 11, 21), moment, None, True]
    book = opened(Sheet("Détail", ["A", "B", "C", "D", "E", "F", "G"], [row]), Sheet("Vide", ["A"], []))
    assert book.sheetnames == ["Détail", "Vide"] and book["Vide"].max_row == 1
    titles, line = book["Détail"].iter_rows()
    assert [(cell.value, cell.font.b) for cell in titles] == [(name, True) for name in "ABCDEFG"]
    assert [cell.value for cell in line] == [row[0], 12, 0.000031, datetime(2026, 11, 21), datetime(2026, 11, 21, 12, 30), None, True]
    assert (line[3].number_format, line[4].number_format) == ("dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss")
    assert book["Détail"].freeze_panes == "A2"


def test_no_text_is_a_formula_and_no_character_breaks_the_file() -> None:
    texts = ["=1+1", "+33612345678", "@SUM(A1)", "-2", "\u00a0=cmd|' /C calc'!A0", "tab\tet \x00\x0b\ud800 fin", "x" * 40_000]
    book = opened(Sheet('Nom "cité" : [très] très très très long', ["=A1"], [[text] for text in texts]))
    cells = [row[0] for row in book.worksheets[0].iter_rows()]
    assert [cell.value for cell in cells] == ["=A1", *texts[:5], "tab\tet  fin", "x" * 32_000]
    assert all(cell.data_type == "s" or cell.value.startswith(("=", "\u00a0")) for cell in cells)
    assert [cell.quotePrefix for cell in cells[1:6]] == [True] * 5 and not cells[6].quotePrefix
