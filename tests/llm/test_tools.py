"""The registry of tools, and what a model gets when it calls badly."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.errors import InvalidError
from app.llm.deltas import ToolCall
from app.llm.tools import MAX_ARGUMENTS, Tool, ToolContext, named, register, run_call

PARAMETERS = {
    "type": "object",
    "properties": {"codes": {"type": "array"}, "zone": {"type": "object"}, "surface": {"type": ["number", "null"]}, "libre": {}},
    "required": ["codes"],
}


def _run(context: ToolContext, args: dict[str, Any]) -> dict[str, Any]:
    if args["codes"] == ["refuse"]:
        raise InvalidError("Ce code est refusé.")
    return {"recu": args, "valeurs": sorted(context.values), "division": 1 / len(args["codes"])}


TOOL = Tool("essai_outil", "Essai.", PARAMETERS, _run)


def call(arguments: str, name: str = "essai_outil") -> dict[str, Any]:
    return run_call(ToolCall("1", name, arguments), [TOOL], ToolContext({"catalogue": 1}))


def test_a_good_call() -> None:
    assert call('{"codes": ["A"], "surface": "8 m²", "inconnu": 1, "libre": [1]}') == {
        "recu": {"codes": ["A"], "surface": "8 m²", "inconnu": 1, "libre": [1]},
        "valeurs": ["catalogue"],
        "division": 1.0,
    }


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ("{", "JSON"),
        ("[]", "JSON"),
        ("null", "JSON"),
        ("[" * 100_000, "JSON"),
        ('{"codes": ["' + "x" * MAX_ARGUMENTS + '"]}', "JSON"),
        ("", "codes"),
        ('{"codes": null}', "codes"),
        ('{"codes": "A"}', "liste"),
        ('{"codes": [], "zone": 3}', "objet"),
        ('{"codes": [], "surface": [8]}', "surface"),
        ('{"codes": []}', "échoué"),
        ('{"codes": ["refuse"]}', "Ce code est refusé."),
    ],
)
def test_a_bad_call_gets_an_error_back(arguments: str, word: str) -> None:
    result = call(arguments)
    assert list(result) == ["erreur"]
    assert word in result["erreur"]


def test_an_unknown_tool_gets_the_names_of_the_others() -> None:
    assert "essai_outil" in call("{}", name="autre")["erreur"]


def test_registry() -> None:
    register(TOOL)
    register(TOOL)
    with pytest.raises(ValueError, match="essai_outil"):
        register(Tool("essai_outil", "Autre.", {}, _run))
    assert named(["jamais_vu", "essai_outil", "essai_outil"]) == [TOOL]
    assert TOOL.spec() == {"type": "function", "function": {"name": "essai_outil", "description": "Essai.", "parameters": PARAMETERS}}
