"""Whatever is written to the record has its French words on the journal's page: the calls of `record` are read in the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from app.blueprints.admin.journal_words import ACTIONS, DETAILS, FAMILIES, detail_words

APP = Path(__file__).parents[2] / "app"


def records() -> Iterator[ast.Call]:
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "record":
                yield node


def actions(call: ast.Call) -> Iterator[str]:
    """The actions that a call may write: one, or two when it chooses between them."""
    first = call.args[0]
    for node in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
        if isinstance(node, ast.Constant):
            yield node.value


def test_every_action_of_the_record_has_its_words() -> None:
    written = {action for call in records() for action in actions(call)}
    assert len(written) > 100, "the calls are found"
    assert written - set(ACTIONS) == set()
    assert {action.split(".")[0] for action in ACTIONS} == {family for family, _ in FAMILIES}


def test_every_detail_of_the_record_has_its_word() -> None:
    assert {keyword.arg for call in records() for keyword in call.keywords if keyword.arg} - set(DETAILS) == set()


def test_numbers_and_days_are_french() -> None:
    assert detail_words({"amount_eur": "0.50", "hard_stop": True, "name": "gpt-4.1", "valid_from": "2027-01-01"}) == (
        "euros par mois\u00a0: 0,50, arrêt au budget\u00a0: oui, nom\u00a0: gpt-4.1, à partir du\u00a0: 1er\u00a0janvier 2027"
    )
