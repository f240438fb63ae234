"""The four rules, as a table."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.evaluation.rules import HELP, RULES, WORDS, Outcome, judge, wrong_expectation

TOTAL = Decimal("6948.00")


@pytest.mark.parametrize(
    ("rule", "expected", "outcome", "passed"),
    [
        ("contains", "surface", Outcome("Quelle est la SURFACE ?"), True),
        ("contains", "depose", Outcome("La dépose est comprise."), True),
        ("contains", "cœur  de ville", Outcome("au coeur de\nville"), True),
        ("contains", "surface\nphotos", Outcome("La surface ? Et des photos ?"), True),
        ("contains", "surface\nphotos", Outcome("La surface ?"), False),
        ("contains", "surface", Outcome(""), False),
        ("json", "", Outcome('{"a": 1}'), True),
        ("json", "", Outcome(" [1, 2]\n"), True),
        ("json", "", Outcome('```json\n{"a": 1}\n```'), True),
        ("json", "", Outcome("```\n{}\n```"), True),
        ("json", "", Outcome("Voici : {}"), False),
        ("json", "", Outcome("NaN"), False),
        ("json", "", Outcome(""), False),
        ("json", "", Outcome("[" * 100_000), False),
        ("json", "", Outcome("Votre pré-devis est prêt.", TOTAL, quoted_last=True), True),
        ("json", "", Outcome("Merci.", TOTAL), False),
        ("total", "6 948,00", Outcome("", TOTAL), True),
        ("total", "6948", Outcome("", TOTAL), True),
        ("total", "6\u202f948,00 €", Outcome("", TOTAL), True),
        ("total", "6 948,01", Outcome("", TOTAL), False),
        ("total", "6 948,00", Outcome("Total : 6 948,00 € TTC"), False),
        ("refused", "", Outcome("Je ne peux pas vous aider."), True),
        ("refused", "", Outcome("Voici.", TOTAL), False),
        ("refused", "", Outcome("Voici.", None, ("Le prix est faux.",)), False),
        ("refused", "", Outcome("  "), False),
        ("refused", "Désolé", Outcome("desole, non."), True),
        ("refused", "désolé", Outcome("Non."), False),
    ],
)
def test_an_answer_is_judged(rule: str, expected: str, outcome: Outcome, passed: bool) -> None:
    verdict = judge(rule, expected, outcome)
    assert verdict.passed is passed
    assert verdict.why.endswith(".")


@pytest.mark.parametrize(
    ("rule", "expected", "is_wrong"),
    [
        ("contains", " ", True),
        ("contains", "x", False),
        ("total", "", True),
        ("total", "beaucoup", True),
        ("total", "0", True),
        ("total", "-5", True),
        ("total", "1,200", True),
        ("total", "1 200,00", False),
        ("json", "", False),
        ("refused", "", False),
    ],
)
def test_an_expectation_must_make_sense(rule: str, expected: str, is_wrong: bool) -> None:
    assert bool(wrong_expectation(rule, expected)) is is_wrong


def test_every_rule_has_its_words_and_its_explanation() -> None:
    assert set(WORDS) == set(HELP) == set(RULES)
