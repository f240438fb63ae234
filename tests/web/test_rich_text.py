"""Answers on pages: the marks that the chat page draws are drawn, anything else stays text."""

from __future__ import annotations

import time

import pytest

from app.web.rich_text import rich


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Bonjour", "<p>Bonjour</p>"),
        ("Quelle **surface**,\nen **m²**", "<p>Quelle <strong>surface</strong>,<br>en <strong>m²</strong></p>"),
        ("Un\n\nDeux", "<p>Un</p><p>Deux</p>"),
        ("Il faut :\n- la **surface**\n  au sol\n* une photo", "<p>Il faut :</p><ul><li>la <strong>surface</strong> au sol</li><li>une photo</li></ul>"),
        ("3. Trois\n4) Quatre", '<ol start="3"><li>Trois</li><li>Quatre</li></ol>'),
        ("## Votre **projet**\nTexte", "<p><strong>Votre projet</strong></p><p>Texte</p>"),
        ("**<script>** & <b>", "<p><strong>&lt;script&gt;</strong> &amp; &lt;b&gt;</p>"),
        ("[ici](javascript:alert(1)) 2 * 3 ** 4", "<p>[ici](javascript:alert(1)) 2 * 3 ** 4</p>"),
        ("", ""),
    ],
)
def test_what_is_drawn(text: str, drawn: str) -> None:
    assert rich(text) == drawn


def test_a_long_hostile_answer_is_quick() -> None:
    begun = time.monotonic()
    for text in ("**" * 20_000, "** " * 20_000, "- " * 20_000, " " * 40_000 + "x", "1" * 40_000):
        rich(text)
    assert time.monotonic() - begun < 2
