"""The two tools as a model calls them, through the registry."""

from __future__ import annotations

import json
from typing import Any

import pytest

import app.quoting.tools  # noqa: F401  (registers the tools)
from app.llm.deltas import ToolCall
from app.llm.tools import ToolContext, named, run_call
from app.quoting.drafting import Draft
from tests.quoting.samples import CATALOGUE, journey_args, one_line

TOOLS = named(["rechercher_prix", "proposer_pre_devis"])


@pytest.fixture
def context() -> ToolContext:
    return ToolContext({"catalogue": CATALOGUE, "drafts": []})


def call(context: ToolContext, name: str, args: object) -> dict[str, Any]:
    """Run a call; its answer must survive plain JSON, since it goes back to the model."""
    answer = run_call(ToolCall("call_1", name, json.dumps(args)), TOOLS, context)
    return json.loads(json.dumps(answer, allow_nan=False))  # type: ignore[no-any-return]


def drafts(context: ToolContext) -> list[Draft]:
    found: list[Draft] = context.values["drafts"]
    return found


def test_both_tools_are_announced_with_a_schema() -> None:
    assert [tool.name for tool in TOOLS] == ["rechercher_prix", "proposer_pre_devis"]
    for tool in TOOLS:
        spec = tool.spec()["function"]
        assert spec["parameters"]["type"] == "object"
        assert all(rules["description"] for rules in spec["parameters"]["properties"].values())
        assert set(spec["parameters"].get("required", [])) <= set(spec["parameters"]["properties"])


def test_prices_are_found_by_code(context: ToolContext) -> None:
    assert call(context, "rechercher_prix", {"codes": ["CARR-SOL", "INCONNU"]}) == {
        "articles": [
            {"code": "CARR-SOL", "libelle": "Carrelage au sol", "unite": "m²", "prix_unitaire": 80, "tva": 20, "metier": "carrelage"}
        ]
    }


@pytest.mark.parametrize(
    ("args", "codes"),
    [
        ({"recherche": "douche italienne"}, ["SDB-DOUCHE-IT"]),
        ({"metier": "plomberie"}, ["SDB-PLOMB"]),
        ({"codes": [1, None, {"a": 1}, "CARR-MUR"]}, ["CARR-MUR"]),
        ({"recherche": "toiture"}, []),
        ({"metier": 12, "recherche": "faïence " * 100_000}, None),
        ({"metier": 12, "recherche": True, "autre": 1}, ["CARR-MUR", "CARR-SOL", "SDB-DEPOSE", "SDB-DOUCHE-IT", "SDB-PLOMB"]),
    ],
)
def test_prices_are_found_by_words(context: ToolContext, args: dict[str, Any], codes: list[str] | None) -> None:
    answer = call(context, "rechercher_prix", args)
    assert [item["code"] for item in answer["articles"]] == codes if codes is not None else "erreur" in answer


def test_the_journey_is_accepted(context: ToolContext) -> None:
    answer = call(context, "proposer_pre_devis", journey_args())
    assert answer["accepte"] is True
    assert (answer["total_ht"], answer["total_ttc"]) == (5790.0, 6948.0)
    assert answer["tva"] == [{"taux": 20, "base": 5790, "montant": 1158}]
    assert answer["titre"] == "Rénovation de la salle de bain"
    assert answer["corrections"] == []
    assert answer["lignes"][3] == {
        "libelle": "Carrelage mural",
        "quantite": 20,
        "unite": "m²",
        "prix_unitaire": 70,
        "total_ht": 1400,
        "hypothese": "Surface murale estimée à 2,5 × la surface au sol.",
    }
    assert [draft.totals.total_ttc for draft in drafts(context)] == [6948]


def test_a_refusal_tells_why_and_keeps_nothing(context: ToolContext) -> None:
    args = one_line(quantite=-2) | {"type_projet": "autre", "titre": "Essai"}
    assert call(context, "proposer_pre_devis", args) == {"accepte": False, "raison": "Ligne 1\u00a0: la quantité doit être positive."}
    assert drafts(context) == []


def test_not_a_number_is_refused_not_computed(context: ToolContext) -> None:
    """Python's JSON reader takes NaN: the tool does not."""
    args = one_line(quantite=float("nan")) | {"type_projet": "autre", "titre": "Essai", "surface_m2": None}
    assert call(context, "proposer_pre_devis", args)["accepte"] is False


def test_corrections_are_told_to_the_model(context: ToolContext) -> None:
    args = one_line(code="CARR-SOL", unite="m²", prix_unitaire=12, libelle="Carrelage au sol") | {"type_projet": "sol", "titre": "Sol"}
    answer = call(context, "proposer_pre_devis", args)
    assert answer["total_ht"] == 160
    assert len(answer["corrections"]) == 1
    assert "12,00" in answer["corrections"][0]
