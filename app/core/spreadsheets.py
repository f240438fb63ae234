"""Tables that people keep in a spreadsheet: read whatever program wrote them, written so that no cell is ever run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

DELIMITERS = ";,\t"
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_MAX_CELL = 2_000


class TableError(ValueError):
    """The bytes are no table; the message is French."""


class Line(NamedTuple):
    """The number of a line in the file, and its cells, trimmed."""

    number: int
    cells: list[str]


def read_csv(data: bytes) -> Iterator[Line]:
    """The lines that are not empty, the header first. UTF-8, UTF-16 with its mark, else Windows' Latin; `;`, `,` or tabs between cells.

    The apostrophe that `write_csv` puts before a formula is taken off again. Raises TableError.
    """
    text = _decoded(data)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            trimmed = [_bare(cell.strip()).strip() for cell in cells]
            if any(len(cell) > _MAX_CELL for cell in trimmed):
                raise TableError(f"Ligne {reader.line_num} : une cellule est trop longue. Un guillemet n’est peut-être pas fermé.")
            if any(trimmed):
                yield Line(reader.line_num, trimmed)
    except csv.Error:
        raise TableError(f"Ligne {reader.line_num} : un guillemet est de trop ou n’est pas fermé.") from None


def write_csv(rows: Iterable[Iterable[object]]) -> bytes:
    """A file that a French spreadsheet opens by a double click: UTF-8 with its mark, `;` between cells, formulas disarmed.

    A Decimal is written with a comma, and stays a number when it is negative.
    """
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
        break
    raise TableError("Ce fichier n’est pas un texte. Enregistrez votre tableau au format CSV.")


def _cell(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f").replace(".", ",")
    return _disarmed("" if value is None else str(value))


def looks_like_formula(cell: str) -> bool:
    """True when a spreadsheet would run this text."""
    return cell.lstrip(" \u00a0").startswith(_FORMULA) or cell.startswith(_FORMULA)


def _disarmed(cell: str) -> str:
    return f"'{cell}" if looks_like_formula(cell) else cell


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" \u00a0").startswith(_FORMULA) else cell
