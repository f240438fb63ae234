"""Tables of people's spreadsheets: read whatever wrote them, never run as a formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.spreadsheets import TableError, read_csv, write_csv


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_encoding_and_delimiter(encoding: str, delimiter: str, newline: str) -> None:
    text = newline.join((delimiter.join(("Nom", "É-mail")), "", delimiter.join(('"Société, Durant; fils"', " a@b.fr ")), ""))
    assert list(read_csv(text.encode(encoding))) == [(1, ["Nom", "É-mail"]), (3, ["Société, Durant; fils", "a@b.fr"])]


@pytest.mark.parametrize("data", [b'a;b\n"jamais ferm\xe9;c', b"a\x00b", b"\x89PNG\r\n\x1a\n\x00", b'a\n"b"c"\n', b"a\n" + b"x" * 3_000])
def test_what_is_no_table_is_said_so(data: bytes) -> None:
    with pytest.raises(TableError):
        list(read_csv(data))


@pytest.mark.parametrize("cell", ["=1+1", "+33612345678", "-2", "@SUM(A1)", "\t=1", " =1", "=cmd|' /C calc'!A0", "＝1"])
def test_a_formula_is_disarmed_and_comes_back(cell: str) -> None:
    written = write_csv([["a"], [cell]])
    assert b"\n'" in written or b"\n\"'" in written
    assert list(read_csv(written))[1].cells == [cell.strip()]


@given(
    st.lists(
        st.text(st.characters(blacklist_categories=("C",)), min_size=1).map(str.strip).filter(lambda text: text[:1] not in ("", "'")),
        min_size=1,
    )
)
def test_what_is_written_is_read(cells: list[str]) -> None:
    assert list(read_csv(write_csv([["titre;"] * len(cells), cells])))[1].cells == cells
