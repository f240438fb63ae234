"""Text from outside, folded and cleaned."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.text import clean_line, clean_paragraphs, fold


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Dépose  de l’existant", "depose de l'existant"), ("M²", "m2"), ("Main d’ŒUVRE", "main d'oeuvre"), ("Ça\u00a0là", "ca la")],
)
def test_fold(text: str, expected: str) -> None:
    assert fold(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Carrelage\n\tau\u00a0sol ", "Carrelage au sol"),
        ("<b>Douche</b> italienne", "Douche italienne"),
        ("<scr<b>ipt>alert(1)</script>", "scr ipt alert(1)"),
        ("tuyau < 100 mm, > 20 mm", "tuyau < 100 mm, > 20 mm"),
        ("a\x00b\x07\u202ec\ud800d", "abcd"),
        ("e\u0301vier", "évier"),
    ],
)
def test_clean_line(text: str, expected: str) -> None:
    assert clean_line(text) == expected


def test_paragraphs_keep_their_breaks() -> None:
    assert clean_paragraphs("Une  ligne\r\nune autre\n\n\n\n<i>fin</i>\x00 ") == "Une ligne\nune autre\n\nfin"


@given(st.text())
def test_cleaned_text_can_be_stored_and_holds_no_tag(text: str) -> None:
    for cleaned in (clean_line(text), clean_paragraphs(text)):
        cleaned.encode()
        assert not any(unicodedata.category(char).startswith("C") and char != "\n" for char in cleaned)
        assert "<script" not in cleaned
    assert clean_line(clean_line(text)) == clean_line(text)
