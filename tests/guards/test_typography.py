"""French spaces in templates: U+00A0 before « : » and inside guillemets, U+202F before « ; », « ? » and « ! » (docs/design.md, Words and colours)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "app" / "templates"
AFTER = r"""(?=[\s<"'»).&{]|$)"""
WRONG = re.compile(rf"«[ \u202f]\S|\S[ \u202f]»|[^\s«][ \u202f]:{AFTER}|[^\s«][ \u00a0][;?!]{AFTER}", re.MULTILINE)
PAGES = [path for path in sorted(TEMPLATES.rglob("*")) if path.suffix in (".html", ".txt") and path.parent.name != "chat"]
"""The chat page sets its spaces as it is shown (`spaced` in chat/_words.html, static/chat/words.js): its words have plain ones."""


def found(text: str) -> list[str]:
    """Each wrong space with the words around it; comments are for us."""
    shown = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    return [shown[max(0, one.start() - 25) : one.end() + 15] for one in WRONG.finditer(shown)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_templates_have_french_spaces(path: Path) -> None:
    assert not found(path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Vide : sur devis.", False),
        ("Vide\u202f: sur devis.", False),
        ("Vide\u00a0: sur devis.", True),
        ('"Retirer " ~ name ~ " ?"', False),
        ('"Retirer " ~ name ~ "\u202f?"', True),
        ("page « Relevés »", False),
        ("page «\u00a0Relevés\u00a0»", True),
        ("séparateur «\u00a0;\u00a0»", True),
        ("{# ours : plain #}", True),
        ('{"label": "Nom"} /liste?q=a !important', True),
    ],
)
def test_what_is_wrong(text: str, right: bool) -> None:
    assert (not found(text)) is right
