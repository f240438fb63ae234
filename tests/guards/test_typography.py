"""French spaces in what is shown: U+00A0 before « : » and inside guillemets, U+202F before « ; », « ? » and « ! » (docs/design.md, Words and colours)."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
TEMPLATES = APP / "templates"
AFTER = r"""(?=[\s<"'»).&{]|$)"""
WRONG = re.compile(rf"«[ \u202f]\S|\S[ \u202f]»|[^\s«][ \u202f]:{AFTER}|[^\s«][ \u00a0][;?!]{AFTER}", re.MULTILINE)
PAGES = [path for path in sorted(TEMPLATES.rglob("*")) if path.suffix in (".html", ".txt") and path.parent.name != "chat"]
"""The chat page sets its spaces as it is shown (`spaced` in chat/_words.html, static/chat/words.js): its words have plain ones."""

NOT_SHOWN = (
    *("config.py", "workers"),  # a terminal
    *("blueprints/api", "web/api.py", "web/idempotency.py"),  # developers: the document of the API, its errors
    *("answering/prompt.py", "llm/tools.py", "quoting/tools.py", "quoting/drafting.py", "quoting/fields.py"),  # models
    "llm/providers",  # what a model says, on the chat page
    "web/link_sharing.py",  # SMS: a no-break space would double their price
    "core/acting.py",  # SQL
)
"""Sentences for others than the readers of a page: their spaces are plain."""
MODULES = [path for path in sorted(APP.rglob("*.py")) if not f"{path.relative_to(APP)}".startswith(NOT_SHOWN)]


def sentences(path: Path) -> Iterator[str]:
    """A module's texts of one line, f-strings as they are written; neither docstrings nor patterns."""
    source = path.read_text("utf-8")
    docstrings = {
        (node.value.lineno, node.value.col_offset)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for token in tokenize.generate_tokens(iter(source.splitlines(keepends=True)).__next__):
        one_line = token.start[0] == token.end[0]
        if token.type == tokenize.STRING and one_line and token.start not in docstrings and not token.string.startswith("r"):
            yield token.string


def found(text: str) -> list[str]:
    """Each wrong space with the words around it; comments are for us."""
    shown = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    return [shown[max(0, one.start() - 25) : one.end() + 15] for one in WRONG.finditer(shown)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_templates_have_french_spaces(path: Path) -> None:
    assert not found(path.read_text("utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_sentences_of_the_code_have_french_spaces(path: Path) -> None:
    assert not [wrong for text in sentences(path) for wrong in found(text)]


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
