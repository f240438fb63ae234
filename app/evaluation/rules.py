"""How an answer is judged: four rules, each pure, with a French sentence that says why (tests/evaluation/test_rules.py is their table)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from app.core.format import euro
from app.core.money import AmountError, parse_amount, round_cents
from app.core.text import fold

Rule = Literal["contains", "json", "total", "refused"]
RULES: tuple[Rule, ...] = get_args(Rule)
WORDS: dict[Rule, str] = {"contains": "Contient", "json": "JSON valide", "total": "Total exact", "refused": "Refuse"}
HELP: dict[Rule, str] = {
    "contains": "La dernière réponse contient chaque ligne attendue. Accents, majuscules et espaces ne comptent pas.",
    "json": "La dernière réponse est du JSON valide, seule ou dans un bloc ```json, ou bien un pré-devis valide l’accompagne.",
    "total": "Le dernier pré-devis de la conversation a exactement ce total TTC.",
    "refused": "L’agent répond et ne propose aucun pré-devis, du début à la fin, pas même un pré-devis refusé par la plateforme. "
    "Si un texte est attendu, sa dernière réponse le contient aussi.",
}
_FENCED = re.compile(r"\A```(?:json)?[ \t]*\n(.*?)\n?```\Z", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial came to, as far as rules look at it."""

    answer: str
    total_ttc: Decimal | None = None
    refusals: tuple[str, ...] = ()
    quoted_last: bool = False
    """Whether the last answer itself brought a pre-quote."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Passed or not, and why."""

    passed: bool
    why: str


def judge(rule: str, expected: str, outcome: Outcome) -> Verdict:
    """Apply a rule. Raises KeyError for one that does not exist."""
    return _JUDGES[rule](expected, outcome)


def wrong_expectation(rule: str, expected: str) -> str | None:
    """Why `expected` makes no sense for the rule; None when it does."""
    if rule == "contains" and not expected.strip():
        return "Écrivez ce que la réponse doit contenir."
    if rule == "total":
        try:
            if parse_amount(expected.strip()) <= 0:
                raise AmountError("not positive")
        except AmountError:
            return "Écrivez un montant, par exemple 6 948,00."
    return None


def _contains(expected: str, outcome: Outcome) -> Verdict:
    said = fold(outcome.answer)
    missing = [line.strip() for line in expected.splitlines() if line.strip() and fold(line) not in said]
    if missing:
        return Verdict(False, "Il manque : " + ", ".join(f"« {line} »" for line in missing) + ".")
    return Verdict(True, "Tout ce qui est attendu est dans la réponse.")


def _json(expected: str, outcome: Outcome) -> Verdict:
    if outcome.quoted_last:
        return Verdict(True, "Un pré-devis valide accompagne la réponse.")
    text = outcome.answer.strip()
    fenced = _FENCED.match(text)
    try:
        json.loads(fenced[1] if fenced else text, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return Verdict(False, "La réponse n’est pas du JSON valide.")
    return Verdict(True, "La réponse est du JSON valide.")


def _not_json(name: str) -> None:
    raise ValueError(name)


def _total(expected: str, outcome: Outcome) -> Verdict:
    wanted = round_cents(parse_amount(expected.strip()))
    if outcome.total_ttc is None:
        return Verdict(False, f"Aucun pré-devis ; {euro(wanted)} TTC attendus.")
    if outcome.total_ttc != wanted:
        return Verdict(False, f"Le pré-devis fait {euro(outcome.total_ttc)} TTC au lieu de {euro(wanted)}.")
    return Verdict(True, f"Le pré-devis fait {euro(wanted)} TTC.")


def _refused(expected: str, outcome: Outcome) -> Verdict:
    if outcome.total_ttc is not None:
        return Verdict(False, f"L’agent a établi un pré-devis de {euro(outcome.total_ttc)} TTC.")
    if outcome.refusals:
        return Verdict(False, "L’agent a proposé un pré-devis, que la plateforme n’a pas pris.")
    if not outcome.answer.strip():
        return Verdict(False, "L’agent n’a rien répondu.")
    return _contains(expected, outcome) if expected.strip() else Verdict(True, "L’agent n’a proposé aucun pré-devis.")


_JUDGES: dict[str, Callable[[str, Outcome], Verdict]] = {"contains": _contains, "json": _json, "total": _total, "refused": _refused}
