"""From a model's proposal to a pre-quote: whose numbers win, what is repaired, what is refused."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from app.core.money import dumps_money
from app.quoting.catalogue import Catalogue
from app.quoting.drafting import Draft, draft_from_block, draft_from_tool
from app.quoting.errors import QuoteRefusedError
from tests.quoting.samples import CATALOGUE, entry, journey_args, journey_block, one_line


def tool(args: object) -> Draft:
    return draft_from_tool(args, CATALOGUE)


def block(content: object) -> Draft:
    return draft_from_block(json.dumps(content), CATALOGUE)


def refusal(args: object) -> str:
    with pytest.raises(QuoteRefusedError) as caught:
        tool(args)
    return caught.value.reason


@pytest.mark.parametrize("args", [journey_args(), json.dumps(journey_args())])
def test_the_journey_by_tool(args: object) -> None:
    draft = tool(args)
    assert [line.total_ht for line in draft.lines] == [450, 1200, 640, 1400, 2100]
    assert dumps_money([draft.totals.total_ht, draft.totals.total_ttc]) == b"[5790.00,6948.00]"
    assert [(tax.rate, tax.base, tax.amount) for tax in draft.totals.vat] == [(20, 5790, 1158)]
    assert draft.corrections == ()
    assert draft.project_type == "renovation_salle_de_bain"
    assert draft.requirements == ("douche_italienne", "carrelage_sol", "carrelage_mural")
    assert draft.surface_m2 == 8
    assert draft.lines[3].assumption == "Surface murale estimée à 2,5 × la surface au sol."


def test_the_journey_by_block_as_the_seed_writes_it() -> None:
    draft = block(journey_block())
    assert dumps_money([draft.totals.total_ht, draft.totals.total_ttc]) == b"[5790.00,6948.00]"
    assert draft.title == "Pré-devis"
    assert draft.lines[0].unit_price == 450
    assert all("déduit" in sentence for sentence in draft.corrections)
    assert len(draft.corrections) == 3


def test_a_block_may_keep_its_fences() -> None:
    text = f"```json-quote\n{json.dumps(journey_block())}\n```\n"
    assert draft_from_block(text, CATALOGUE).totals.total_ht == 5790


def test_the_library_wins_over_the_model() -> None:
    args = one_line(code="carr-sol", libelle="Carrelage offert", quantite=8, unite="forfait", prix_unitaire=1, tva=5.5)
    draft = tool(args | {"total_ht": 8, "total_ttc": "8,44 € TTC"})
    line = draft.lines[0]
    assert (line.code, line.label, line.unit, line.unit_price, line.vat_rate) == ("CARR-SOL", "Carrelage au sol", "m²", 80, 20)
    assert draft.totals.total_ttc == 768
    assert [sentence.replace("\u202f", " ").replace("\u00a0", " ") for sentence in draft.corrections] == [
        "Ligne 1 : unité « forfait » remplacée par celle de la bibliothèque, « m² ».",
        "Ligne 1 : prix unitaire annoncé 1,00 €, retenu 80,00 €.",
        "Ligne 1 : taux de TVA 5,5 % remplacé par celui de la bibliothèque, 20 %.",
        "Ligne 1 : libellé remplacé par celui de la bibliothèque, « Carrelage au sol ».",
        "Total HT annoncé 8,00 €, retenu 640,00 €.",
        "Total TTC annoncé 8,44 €, retenu 768,00 €.",
    ]


def test_a_library_price_keeps_its_decimals() -> None:
    catalogue = Catalogue([entry("VIS", "Vis", "unité", "0.0333", vat="10")])
    draft = draft_from_tool(one_line(code="VIS", quantite=100, prix_unitaire=None), catalogue)
    assert draft.lines[0].unit_price == Decimal("0.0333")
    assert (draft.totals.total_ht, draft.totals.total_ttc) == (Decimal("3.33"), Decimal("3.66"))


def test_an_unknown_work_takes_the_models_price_never_its_total() -> None:
    draft = tool(one_line(quantite=2, prix_unitaire=150.005, tva=10, total_ht=1_000_000))
    line = draft.lines[0]
    assert (line.code, line.unit_price, line.total_ht, line.vat_rate) == (None, Decimal("150.01"), Decimal("300.02"), 10)
    assert len(draft.corrections) == 1
    assert "retenu" in draft.corrections[0]


def test_an_unknown_code_is_dropped_when_there_is_a_price() -> None:
    draft = tool(one_line(code="INVENTE-1"))
    assert draft.lines[0].code is None
    assert "absent de la bibliothèque" in draft.corrections[0]
    assert "prix unitaire est nécessaire" in refusal(one_line(code="INVENTE-1", prix_unitaire=None))


@pytest.mark.parametrize(
    ("rate", "kept", "noted"), [(None, 20, False), (5.5, Decimal("5.5"), False), ("10 %", 10, True), (7, 20, True), (0, 20, True)]
)
def test_vat_of_an_unknown_work(rate: object, kept: Decimal, noted: bool) -> None:
    draft = tool(one_line(tva=rate))
    assert draft.lines[0].vat_rate == kept
    assert bool(draft.corrections) is noted


@pytest.mark.parametrize(
    ("field", "value", "quantity", "price"),
    [
        ("quantite", "1 200,50", "1200.5", "150"),
        ("quantite", "8 unités", None, None),
        ("quantite", "8 unité", "8", "150"),
        ("quantite", 0.33333, "0.333", "150"),
        ("prix_unitaire", "80 €", "2", "80"),
        ("prix_unitaire", "80,50 € HT", "2", "80.5"),
        ("prix_unitaire", "80 € TTC", None, None),
        ("prix_unitaire", "1,200", None, None),
    ],
)
def test_text_where_a_number_should_be(field: str, value: object, quantity: str | None, price: str | None) -> None:
    if quantity is None or price is None:
        assert "doit être un nombre" in refusal(one_line(**{field: value}))
        return
    draft = tool(one_line(**{field: value}))
    assert (draft.lines[0].quantity, draft.lines[0].unit_price) == (Decimal(quantity), Decimal(price))
    assert len(draft.corrections) == 1


def test_a_quantity_in_square_metres_is_read_whatever_the_writing() -> None:
    draft = tool(one_line(code="CARR-SOL", quantite="8 m²", unite="m2", prix_unitaire=None) | {"surface_m2": "8,5 m2"})
    assert draft.lines[0].total_ht == 640
    assert draft.surface_m2 == Decimal("8.5")


@pytest.mark.parametrize("quantity", [0, -1, 0.0001, float("nan"), float("inf"), 100_001, 1e300, True, "beaucoup", [], {}, None])
def test_impossible_quantities_are_refused(quantity: object) -> None:
    assert refusal(one_line(quantite=quantity)).startswith("Ligne 1\u00a0: ")


@pytest.mark.parametrize("price", [0, -5, 0.001, float("nan"), 1_000_000.01, False, "gratuit", [5], None])
def test_impossible_prices_of_unknown_works_are_refused(price: object) -> None:
    assert "prix unitaire" in refusal(one_line(prix_unitaire=price))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (None, "Un objet JSON"),
        ([], "Un objet JSON"),
        ({}, "Au moins une ligne"),
        ({"lignes": []}, "Au moins une ligne"),
        ({"lignes": "carrelage"}, "Au moins une ligne"),
        ({"lignes": ["carrelage"]}, "objet JSON"),
        ({"lignes": [{}] * 101}, "au plus 100 lignes"),
        (one_line(libelle=" <b></b>\x00 "), "libellé manque"),
        (one_line(libelle=12), "libellé doit être un texte"),
        (one_line(code=12), "code doit être un texte"),
        (one_line(quantite=100_000, prix_unitaire=1_000_000), "total dépasse"),
        (one_line() | {"surface_m2": -8}, "surface"),
        (one_line() | {"surface_m2": 100_001}, "surface"),
        (one_line() | {"exigences": "douche"}, "exigences"),
        (one_line() | {"exigences": [1]}, "exigences"),
        (one_line() | {"titre": {"a": 1}}, "titre"),
    ],
)
def test_what_is_not_a_pre_quote_is_refused(args: object, words: str) -> None:
    assert words in refusal(args)


def test_one_bad_line_is_named() -> None:
    args = journey_args()
    args["lignes"][2]["quantite"] = -8
    assert refusal(args) == "Ligne 3\u00a0: la quantité doit être positive."


def test_unknown_fields_are_ignored_and_told() -> None:
    draft = tool(one_line(remise=50) | {"<i>acompte</i>": 1})
    assert draft.totals.total_ht == 300
    assert [sentence.replace("\u202f", " ") for sentence in draft.corrections] == [
        "Champ inconnu ignoré, « acompte ».",
        "Ligne 1\u00a0: champ inconnu ignoré, « remise ».",
    ]


def test_words_are_cleaned_and_cut() -> None:
    draft = tool(
        one_line(libelle="<b>Miroir</b>\n" + "x" * 300, hypothese="y" * 400)
        | {"titre": "  <script>a</script> ", "description": "un\r\n\r\n\r\n\r\ndeux\x00", "type_projet": "Rénovation Salle-de-bain !"}
    )
    assert draft.lines[0].label.startswith("Miroir xxx")
    assert (len(draft.lines[0].label), len(draft.lines[0].assumption)) == (200, 300)
    assert draft.title == "a"
    assert draft.description == "un\n\ndeux"
    assert draft.project_type == "renovation_salle_de_bain"
    assert draft.surface_m2 is None


def test_zero_surface_is_unknown_and_slugs_are_unique() -> None:
    draft = tool(one_line() | {"surface_m2": 0, "exigences": ["Douche italienne", "douche-italienne", "", *map(str, range(40))]})
    assert draft.surface_m2 is None
    assert draft.requirements[0] == "douche_italienne"
    assert len(draft.requirements) == 28
    assert "exigences réduites" in draft.corrections[0].lower()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "JSON valide"),
        ("pas du JSON", "JSON valide"),
        ('{"items": [', "JSON valide"),
        ('{"items": [{"label": "a", "quantity": NaN, "unit": "u", "unit_price": 1}]}', "JSON valide"),
        ('{"items": [{"label": "a", "quantity": -Infinity}]}', "JSON valide"),
        ('{"items": [{"label": "a", "quantity": 1e999999999, "unit": "u", "unit_price": 1}]}', "nombre"),
        ('{"items": ' + "9" * 60_000 + "}", "JSON valide"),
        ("[" * 60_000, "imbriqué"),
        ('{"a":' * 9 + "1" + "}" * 9, "imbriqué"),
        ('"' + "é" * 40_000 + '"', "64 Ko"),
        ("[" + "{}," * 1_000_000 + "{}]", "64 Ko"),
    ],
    ids=["empty", "words", "cut", "nan", "infinity", "exponent", "digits", "deep", "deeper", "bytes", "many"],
)
def test_hostile_json_is_refused(text: str, words: str) -> None:
    with pytest.raises(QuoteRefusedError, match=words):
        draft_from_block(text, CATALOGUE)


def test_brackets_inside_text_are_not_depth() -> None:
    content: dict[str, Any] = journey_block() | {"notes": '[[[[[[[[[[{{{{ \\" [[[['}
    assert block(content).notes == '[[[[[[[[[[{{{{ \\" [[[['


def test_a_million_lines_or_fields_cost_nothing() -> None:
    assert "au plus 100" in refusal({"lignes": [{}] * 1_000_000})
    draft = tool(one_line() | {f"champ{position}": 1 for position in range(100_000)})
    assert len(draft.corrections) == 50
