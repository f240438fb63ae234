"""The small parts: numbers in words, surfaces and dimensions, spelling, negation."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.llm.providers.local.dialogue import situation
from app.llm.providers.local.history import read_history
from app.llm.providers.local.measures import Measured, numbers_in
from app.llm.providers.local.number_words import with_numbers
from app.llm.providers.local.text import attachments, tokens
from app.llm.providers.local.vocabulary import distance, spelled
from tests.llm.local.test_requests import known_quantities


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("huit", 8),
        ("dix-sept", 17),
        ("vingt et un", 21),
        ("vingt-cinq", 25),
        ("soixante et onze", 71),
        ("soixante-dix-sept", 77),
        ("quatre-vingts", 80),
        ("quatre-vingt-onze", 91),
        ("quatre vingt dix neuf", 99),
        ("septante-deux", 72),
        ("cent", 100),
        ("cent vingt", 120),
        ("deux cent cinquante", 250),
        ("mille deux cents", 1200),
        ("une dizaine", 10),
        ("une quinzaine", 15),
        ("huit et demi", Decimal("8.5")),
        ("8 et demi", Decimal("8.5")),
        ("1 200", 1200),
        ("1.200", 1200),
        ("12,5", Decimal("12.5")),
        ("½", Decimal("0.5")),
        ("12 ½", Decimal("12.5")),
        ("12½", Decimal("12.5")),
        ("twenty five", 25),
        ("three hundred", 300),
    ],
)
def test_a_number_is_read(words: str, value: object) -> None:
    assert [token.value for token in with_numbers(tokens(words))] == [value]


def test_nine_and_new_are_told_apart() -> None:
    assert [token.value for token in with_numbers(tokens("neuf m2"))][0] == 9
    assert all(token.value is None for token in with_numbers(tokens("un parquet neuf"))[1:])


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("8 m²", 8),
        ("8m2", 8),
        ("8²", 8),
        ("1/2 m²", Decimal("0.5")),
        ("8 m 2", 8),
        ("8 mètres carrés", 8),
        ("8 metre carre", 8),
        ("huit mètres carrés", 8),
        ("une dizaine de m²", 10),
        ("22,5 m²", Decimal("22.5")),
        ("1 200 m²", 1200),
        ("25 sqm", 25),
        ("25 square meters", 25),
        ("surface : 25", 25),
        ("surface au sol d'environ 25", 25),
        ("3 x 4 m", 12),
        ("3x4", 12),
        ("3 × 4", 12),
        ("3m sur 4", 12),
        ("3m50 sur 4m", 14),
        ("2,50 m par 3,20 m", 8),
        ("350 cm x 400 cm", 14),
        ("4 m de long et 3 m de large", 12),
        ("4 m de long et 3 de large", 12),
        ("4 m de long, 3 m de large et 2,5 m de haut", 12),
        ("longueur 4 m, hauteur 2,5 m, largeur 3 m", 12),
        ("10 m de long et 6 de haut", 60),
        ("10 m de long sur 6 m de haut", 60),
        ("6 m de haut et 10 m de long", 60),
        ("hauteur 6 m, longueur 10 m", 60),
        ("2,5 m de haut", None),
        ("un meuble de 60 de large", None),
        ("10 à 12 m²", 12),
        ("des carreaux 60x60", None),
        ("carrelage 30 x 60 cm", None),
        ("douche 90x120", None),
        ("j'ai 45 ans", None),
        ("au 3e étage", None),
        ("budget 5000 €", None),
        ("75011 Paris", None),
        ("06 12 34 56 78", None),
        ("le 12/05/2026", None),
        ("200 litres", None),
        ("hauteur sous plafond 2,5 m", None),
        ("0 m²", None),
        ("999999999999 m²", None),
        ("une salle", None),
    ],
)
def test_a_surface_is_found_or_is_none(text: str, area: object) -> None:
    found = with_numbers(tokens(text))
    areas = [measure.value for measure in numbers_in(found).measures if measure.kind is Measured.AREA]
    assert areas == ([area] if area is not None else [])


@pytest.mark.parametrize(
    "text", ["j'ai 45 ans", "au 3e étage", "budget 5000 €", "budget de 5000", "75011 Paris", "06 12 34 56 78", "en 12/05/2026"]
)
def test_other_numbers_never_answer_a_question_about_a_surface(text: str) -> None:
    messages = [
        {"role": "user", "content": "peindre les murs du salon"},
        {"role": "assistant", "content": "Quelle est la surface au sol du salon, en m² ?"},
        {"role": "user", "content": text},
    ]
    assert known_quantities(situation(read_history(messages)).request) == {"PEINT-MUR": None}


@pytest.mark.parametrize(
    ("answer", "area"),
    [
        ("30", 30),
        ("trente", 30),
        ("environ 30", 30),
        ("30 m", 30),
        ("une trentaine", 30),
        ("entre 25 et 30", 30),
        ("6 par 5", 30),
        ("le salon fait 30 m²", 30),
        ("c'est un 30 mètres carrés", 30),
    ],
)
def test_an_answer_about_a_surface_needs_no_unit(answer: str, area: int) -> None:
    messages = [
        {"role": "user", "content": "peindre le plafond du salon"},
        {"role": "assistant", "content": "Quelle est la surface au sol du salon, en m² ?"},
        {"role": "user", "content": answer},
    ]
    assert known_quantities(situation(read_history(messages)).request) == {"PEINT-PLAF": area}


def test_a_height_gives_the_walls() -> None:
    messages = [{"role": "user", "content": "peindre les murs d'une chambre de 3 x 4 x 2,5 m"}]
    assert known_quantities(situation(read_history(messages)).request) == {"PEINT-MUR": 35}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("carelage", "carrelage"),
        ("peinutre", "peinture"),
        ("penture", "peinture"),
        ("plomerie", "plomberie"),
        ("electricitee", "electricite"),
        ("fenettres", "fenetre"),
        ("cuisinne", "cuisine"),
        ("robinnet", "robinet"),
        ("gouttierre", "gouttiere"),
    ],
)
def test_typing_errors_are_understood(typed: str, meant: str) -> None:
    assert spelled(typed) == meant


@pytest.mark.parametrize(
    "word", ["cousine", "voiture", "paquet", "maquette", "ceinture", "entre", "metres", "reprendre", "utile", "douce", "apport"]
)
def test_other_french_words_are_left_alone(word: str) -> None:
    assert spelled(word) == word.removesuffix("s")


@pytest.mark.parametrize(
    ("left", "right", "away"), [("abc", "abc", 0), ("abc", "acb", 1), ("abc", "abd", 1), ("abc", "ab", 1), ("", "ab", 2)]
)
def test_distance_counts_swaps_as_one(left: str, right: str, away: int) -> None:
    assert distance(left, right) == away


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("salle de bain 5 m² avec baignoire et carrelage au sol, pas de carrelage au mur", {"CARR-SOL", "SDB-BAIGNOIRE"}),
        ("salle de bain 5 m² avec baignoire, carrelage au sol mais pas aux murs", {"CARR-SOL", "SDB-BAIGNOIRE"}),
        ("salle de bain 5 m², baignoire, je ne veux pas de carrelage", {"SDB-BAIGNOIRE"}),
        ("salle de bain 5 m², baignoire, sans carrelage", {"SDB-BAIGNOIRE"}),
        ("salle de bain 5 m² : pourquoi pas une baignoire, et sans carrelage", {"SDB-BAIGNOIRE"}),
        ("salle de bain 5 m², pas besoin de carrelage ni de baignoire, une douche italienne", {"SDB-DOUCHE-IT"}),
        ("salle de bain 5 m², une douche italienne au lieu de la baignoire, aucun carrelage", {"SDB-DOUCHE-IT"}),
    ],
)
def test_what_is_not_wanted_is_left_out(text: str, expected: set[str]) -> None:
    request = situation(read_history([{"role": "user", "content": text}])).request
    assert set(known_quantities(request)) == expected | {"SDB-DEPOSE", "SDB-PLOMB"}


def test_attachments_are_counted_and_taken_out() -> None:
    assert attachments("voilà [Photo jointe : a.jpg] [photo jointe: b.jpg] [Document joint : p.pdf]") == ("voilà      ", 2, 1)
