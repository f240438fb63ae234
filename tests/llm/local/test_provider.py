"""The stream itself: deltas, tools, refusals, the block of conversations without tools."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.llm.deltas import Finished, TextDelta, Usage
from app.llm.providers.local import stream
from tests.llm.local.conversation import TOOLS, Conversation, run_tool
from tests.llm.local.test_requests import JOURNEY


def _quote(runner: Any = run_tool, tools: list[dict[str, Any]] | None = None):
    conversation = Conversation(tools=tools, runner=runner)
    conversation.say(JOURNEY)
    return conversation.say("non")


def test_text_comes_in_words_and_nothing_is_lost() -> None:
    deltas = list(stream([{"role": "user", "content": "Bonjour"}], [], model="local"))
    pieces = [delta.text for delta in deltas if isinstance(delta, TextDelta)]
    assert len(pieces) > 10
    assert all(len(piece.split()) == 1 for piece in pieces)
    assert "".join(pieces).startswith("Bonjour. Quels travaux")
    assert isinstance(deltas[-2], Usage)
    assert deltas[-2].completion_tokens > 0
    assert deltas[-1] == Finished("stop")


def test_the_same_messages_give_the_same_stream() -> None:
    messages = [{"role": "user", "content": JOURNEY}, {"role": "assistant", "content": "photos ?"}, {"role": "user", "content": "non"}]
    assert list(stream(messages, TOOLS, model="local")) == list(stream(messages, TOOLS, model="other"))


def test_no_message_at_all_is_a_welcome() -> None:
    text = "".join(delta.text for delta in stream([], [], model="local") if isinstance(delta, TextDelta))
    assert text.startswith("Bonjour. Quels travaux souhaitez-vous réaliser")


def test_amounts_are_those_of_the_tool() -> None:
    def runner(name: str, args: dict[str, Any]) -> dict[str, Any]:
        return run_tool(name, args) if name == "rechercher_prix" else {"accepte": True, "total_ht": 1234.5, "total_ttc": 1481.4}

    text = _quote(runner).text
    assert "1\u202f234,50\u00a0€ HT, soit 1\u202f481,40\u00a0€ TTC" in text


@pytest.mark.parametrize(
    "result", [{"accepte": True}, {"accepte": True, "total_ht": "beaucoup", "total_ttc": None}, {"accepte": True, "total_ht": 1e400}]
)
def test_amounts_that_are_none_are_not_said(result: dict[str, Any]) -> None:
    text = _quote(lambda name, args: run_tool(name, args) if name == "rechercher_prix" else result).text
    assert "€" not in text
    assert "Estimation indicative, non contractuelle" in text


@pytest.mark.parametrize("result", [{"accepte": False, "raison": "quantité nulle"}, {"error": "boom"}, "pas du JSON", [], None])
def test_a_refusal_is_told_kindly_and_the_tool_is_not_called_again(result: Any) -> None:
    answers = {"rechercher_prix": run_tool}
    reply = _quote(
        lambda name, args: answers[name](name, args) if name in answers else (result if isinstance(result, str) else json.dumps(result))
    )
    assert [name for name, _ in reply.calls] == ["rechercher_prix", "proposer_pre_devis"]
    assert "Je n’ai pas réussi à établir l’estimation" in reply.text
    assert "quantité nulle" not in reply.text


def test_prices_that_cannot_be_looked_up_do_not_stop_the_proposal() -> None:
    reply = _quote(lambda name, args: {"error": "timeout"} if name == "rechercher_prix" else run_tool(name, args))
    assert reply.quantities["SDB-DOUCHE-IT"] == 1


def test_a_work_the_library_lacks_is_named_not_invented() -> None:
    def runner(name: str, args: dict[str, Any]) -> dict[str, Any]:
        return run_tool(name, {"codes": [code for code in args["codes"] if code != "SDB-DOUCHE-IT"]} if name == "rechercher_prix" else args)

    reply = _quote(runner)
    assert "SDB-DOUCHE-IT" not in reply.quantities
    assert reply.proposal is not None
    assert reply.proposal["notes"] == "Non chiffré ici : douche italienne."
    assert "Non chiffré ici\u202f: douche italienne." in reply.text


def test_a_library_with_none_of_the_works_gives_no_pre_quote() -> None:
    reply = _quote(lambda name, args: {"articles": []})
    assert [name for name, _ in reply.calls] == ["rechercher_prix"]
    assert "Je n’ai pas réussi" in reply.text


def test_the_artisans_own_label_and_unit_are_used() -> None:
    article = {"code": "CARR-SOL", "libelle": "Carrelage 60 × 60 posé", "unite": "m²", "prix_unitaire": 95}
    reply = _quote(lambda name, args: {"articles": [article]} if name == "rechercher_prix" else {"accepte": True})
    assert reply.proposal is not None
    assert [(line["libelle"], line["quantite"]) for line in reply.proposal["lignes"]] == [("Carrelage 60 × 60 posé", 8)]


def test_only_the_offered_tools_are_called() -> None:
    assert [name for name, _ in _quote(tools=TOOLS[1:]).calls] == ["proposer_pre_devis"]


@pytest.mark.parametrize("tools", [[], TOOLS[:1]], ids=["none", "prices only"])
def test_without_the_proposal_tool_a_block_is_written(tools: list[dict[str, Any]]) -> None:
    reply = _quote(tools=tools)
    before, _, rest = reply.text.partition("```json-quote\n")
    block = json.loads(rest.removesuffix("\n```"))
    assert "Estimation indicative, non contractuelle" in before
    assert "€" not in before
    assert block["project_type"] == "renovation_salle_de_bain"
    assert block["surface_m2"] == 8
    assert {item["code"]: item["quantity"] for item in block["items"]} == {
        "SDB-DEPOSE": 1,
        "SDB-PLOMB": 1,
        "CARR-SOL": 8,
        "CARR-MUR": 20,
        "SDB-DOUCHE-IT": 1,
    }
    assert [item.get("unit_price") for item in block["items"]] == ([450.0, 1200.0, 80.0, 70.0, 2100.0] if tools else [None] * 5)
    assert block["items"][3]["note"] == "Surface des murs estimée à 20 m² (2,5 × 8 m² au sol)"
    assert "total_ht" not in block


def test_the_pre_quote_given_as_a_block_is_known_afterwards() -> None:
    conversation = Conversation(tools=[])
    conversation.say(JOURNEY)
    conversation.say("non")
    assert "Je vous en prie" in conversation.say("merci").text
    assert "json-quote" in conversation.say("finalement 10 m²").text


@pytest.mark.parametrize(
    "messages",
    [
        [{}],
        [{"role": "user"}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": 12}],
        [{"role": "user", "content": []}],
        [{"role": "user", "content": [{"type": "image_url"}]}],
        [{"role": "assistant", "content": "?", "tool_calls": "x"}, {"role": "tool", "content": "{}"}, {"role": "user", "content": "salut"}],
        [{"role": "user", "content": "salut"}, {"role": "assistant", "content": None, "tool_calls": [{}, 3]}, {"role": "tool"}],
    ],
)
def test_malformed_messages_are_survived(messages: list[dict[str, Any]]) -> None:
    assert list(stream(messages, [{}, {"function": 3}], model="local"))[-1] == Finished("stop")
