"""The data agree with each other: works with the library, options with works, questions with their keys; and the French is set well."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal

import pytest

from app.llm.providers.local import wording
from app.llm.providers.local.answers import Topic
from app.llm.providers.local.choices import CHOICES, PACKAGES, TRADES
from app.llm.providers.local.needs import asked_in, question
from app.llm.providers.local.request import GENERAL, Request, Room
from app.llm.providers.local.rooms import ROOMS
from app.llm.providers.local.text import tokens
from app.llm.providers.local.vocabulary import concept_at
from app.llm.providers.local.words import CHOICE_WORDS, MISSPELT, PLANE_WORDS, REAL_WORDS, VERB_WORDS, WORK_WORDS
from app.llm.providers.local.works import WORKS, Basis
from app.quoting.library_seed import PLATFORM_PRICES
from tests.llm.local.conversation import PRICES


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_a_work_is_in_the_library_with_its_label_and_unit(work) -> None:
    price = PRICES[work.code]
    assert (price.label, price.unit) == (work.label, work.basis.unit)
    assert work.trade in TRADES
    assert set(work.brings) <= set(WORKS)
    assert work.asked or work.basis not in (Basis.COUNT, Basis.LENGTH)
    assert work.asked or work.plane or work.basis is not Basis.OWN


def test_the_library_is_sane() -> None:
    assert 60 <= len(PLATFORM_PRICES) <= 100
    assert len(PRICES) == len(PLATFORM_PRICES)
    assert {price.unit for price in PLATFORM_PRICES} == {"forfait", "m²", "ml", "unité", "h"}
    assert {price.vat_rate for price in PLATFORM_PRICES} == {"20"}
    assert all(Decimal(price.unit_price) > 0 and price.keywords and price.label for price in PLATFORM_PRICES)


def test_the_journeys_prices() -> None:
    codes = {"SDB-DEPOSE": "450", "SDB-PLOMB": "1200", "CARR-SOL": "80", "CARR-MUR": "70", "SDB-DOUCHE-IT": "2100"}
    assert {code: PRICES[code].unit_price for code in codes} == codes


def test_choices_and_packages_name_things_that_exist() -> None:
    known = set(WORKS) | set(CHOICES)
    for choice in CHOICES.values():
        assert {*choice.targets, *choice.default} <= known
        assert choice.key not in choice.targets
        assert choice.trade in TRADES
        assert choice.question.endswith(" ?")
        assert not choice.renovated or choice.renovated in known
    for package in PACKAGES.values():
        assert {*package.works, *package.choices, *package.absorbs, *package.core} <= known
        assert package.room in ROOMS


def test_words_name_things_that_exist_and_are_found() -> None:
    assert set(WORK_WORDS) <= set(WORKS)
    assert set(CHOICE_WORDS) <= set(CHOICES)
    for words in (*WORK_WORDS.values(), *CHOICE_WORDS.values(), *PLANE_WORDS.values(), *VERB_WORDS.values()):
        for phrase in words.split(", "):
            assert concept_at(tokens(phrase), 0) is not None, phrase


def test_every_phrase_means_one_thing() -> None:
    tables = (WORK_WORDS, CHOICE_WORDS, PLANE_WORDS, {kind.key: kind.words for kind in ROOMS.values()})
    phrases = Counter(phrase for table in tables for words in table.values() for phrase in words.split(", ") if phrase)
    assert [phrase for phrase, times in phrases.items() if times > 1] == []
    assert not set(MISSPELT.split()) & set(REAL_WORDS.split())


def _needs() -> list[str]:
    needs = ["travaux", f"surface:{GENERAL}", "surface:toit", "surface:facade"]
    needs += [f"choice:{key}" for key in CHOICES]
    needs += [f"surface:room:{key}" for key in ROOMS]
    for work in WORKS.values():
        if work.basis is Basis.OWN and work.plane not in ("toit", "facade"):
            needs.append(f"surface:{work.key}")
        elif work.basis is Basis.LENGTH:
            needs.append(f"length:{work.key}")
        elif work.basis is Basis.COUNT and not work.key.startswith("fenetre_") or work.key == "fenetre_toit":
            needs.append(f"count:{work.key}")
    return needs + [f"count:{key}" for key, choice in CHOICES.items() if choice.asked]


@pytest.mark.parametrize("need", _needs())
@pytest.mark.parametrize("count", [1, 2])
def test_a_question_is_recognised_in_what_was_said(need: str, count: int) -> None:
    request = Request(rooms={key: Room(count) for key in ROOMS})
    said = wording.typeset(f"C'est noté. {question(request, need)}")
    assert asked_in(said) == need


def test_a_question_about_the_only_option_left_is_recognised() -> None:
    for choice in CHOICES.values():
        for option in choice.options:
            request = Request(refused=set(choice.targets) - {option.target})
            assert asked_in(wording.typeset(question(request, f"choice:{choice.key}"))) == f"choice:{choice.key}"


def _sentences() -> list[str]:
    fixed = [wording.PHOTOS_QUESTION, wording.WELCOME, wording.CALM, wording.OFF_TOPIC, wording.NOT_UNDERSTOOD, wording.USUAL_VALUE]
    made = [wording.cannot_estimate(""), wording.closing("", thanked=True), wording.unchanged(""), wording.emptied(""), wording.refused("")]
    made += [wording.received(2, 0, ""), wording.received(0, 1, ""), wording.late_photos(1), wording.noted("votre projet")]
    made.append(wording.pre_quote("votre projet", {"total_ht": 5790.0, "total_ttc": 6948}, ["a", "b"], [WORKS["vmc"]], "", again=True))
    answers = [wording.answer(topic, "") for topic in (*wording.ANSWER_ORDER, Topic.UNSUPPORTED, Topic.QUESTION)]
    return fixed + made + answers + [choice.question for choice in CHOICES.values()]


@pytest.mark.parametrize("sentence", _sentences())
def test_sentences_are_set_in_french_typography(sentence: str) -> None:
    text = wording.typeset(sentence)
    assert "'" not in text and '"' not in text
    assert not re.search(r"[^\u202f][;:!?]", text)
    assert "  " not in text
    assert text[0].isupper()
    assert text.rstrip()[-1] in ".?"
    assert not re.search(r"\b(tu|ton|tes|ta|toi)\b", text)
    assert not re.search(r"[0-9] m²", text)
