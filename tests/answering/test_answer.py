"""Answers against a model server that speaks HTTP: tools, blocks, refusals, stops, counts."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from app.answering.attempt import MAX_TOOL_ROUNDS
from app.answering.events import Token, ToolUsed
from app.answering.service import answer
from app.answering.wording import QUOTE_READY, QUOTE_REFUSED
from app.llm.gateway import LOCAL
from tests.answering.samples import Listener, choice, request
from tests.support.model_server import BATHROOM, LYING_BLOCK, ModelServer, Reply, block


def test_a_plain_answer(models: ModelServer) -> None:
    heard = Listener()
    got = answer(request(choice(models, "ok")), heard)
    assert got.text == heard.seen == "Bonjour, je vous écoute."
    assert heard
    assert (got.model, got.provider, got.attempt, got.stopped) == ("ok", "platform", 1, False)
    assert (got.prompt_tokens, got.completion_tokens, got.estimated) == (100, 20, False)
    assert (got.drafts, got.refusals, got.tools_used, got.failures) == ([], [], [], [])
    assert [tool["function"]["name"] for tool in models.asked[0].body["tools"]] == ["rechercher_prix", "proposer_pre_devis"]


def test_times_are_measured(models: ModelServer) -> None:
    models.script("m", Reply(first=0.15, gap=0.02))
    got = answer(request(choice(models, "m")), Listener())
    assert got.ttft_ms is not None
    assert 150 <= got.ttft_ms < got.latency_ms - 50


def test_the_journey_s_pre_quote_by_tools(models: ModelServer) -> None:
    heard = Listener()
    got = answer(request(choice(models, "quote-tools")), heard)
    assert got.text == heard.seen == "Je consulte les prix.\n\nVotre pré-devis est prêt."
    assert [str(draft.totals.total_ttc) for draft in got.drafts] == ["6948.00"]
    assert got.drafts[0].totals.total_ht == Decimal(5790)
    assert got.tools_used == ["rechercher_prix", "proposer_pre_devis"]
    used = [event for event in heard if isinstance(event, ToolUsed)]
    assert [event.label_fr for event in used] == ["Consultation de la bibliothèque de prix", "Préparation du pré-devis"]
    assert (got.prompt_tokens, got.completion_tokens) == (300, 60)
    told = models.asked[-1].body["messages"]
    assert [message["role"] for message in told] == ["system", "user", "assistant", "tool", "assistant", "tool"]
    assert told[2]["tool_calls"][0]["id"] == told[3]["tool_call_id"]
    assert json.loads(told[5]["content"])["total_ttc"] == 6948


def test_a_pre_quote_in_a_block_is_never_seen(models: ModelServer) -> None:
    heard = Listener()
    got = answer(request(choice(models, "quote-block", tools=False)), heard)
    assert got.text == heard.seen == "Voici votre pré-devis.\n\nQu’en pensez-vous ?"
    assert [draft.totals.total_ht for draft in got.drafts] == [Decimal(5790)]
    assert "tools" not in models.asked[0].body


def test_a_block_that_lies_is_corrected(models: ModelServer) -> None:
    got = answer(request(choice(models, "quote-lies", tools=False)), Listener())
    assert got.drafts[0].totals.total_ht == Decimal(640)
    assert len(got.drafts[0].corrections) == 2


@pytest.mark.parametrize("quote", ['{"items": [{"label":', "", "{}", {"items": []}, "x" * 70_000])
def test_a_refused_block_is_told_in_french(models: ModelServer, quote: object) -> None:
    models.script("m", Reply(text=block(quote), piece=1000))
    heard = Listener()
    got = answer(request(choice(models, "m", tools=False)), heard)
    assert got.text == heard.seen == f"Voici votre pré-devis.\n\nQu’en pensez-vous ?\n\n{QUOTE_REFUSED}"
    assert len(got.refusals) == 1
    assert got.drafts == []


def test_an_unclosed_block_is_read_as_far_as_it_goes(models: ModelServer) -> None:
    models.script("m", Reply(text="Voici.\n```json-quote\n" + json.dumps(LYING_BLOCK)))
    got = answer(request(choice(models, "m", tools=False)), Listener())
    assert (got.text, len(got.drafts)) == ("Voici.", 1)
    models.script("m", Reply(text='Voici.\n```json-quote\n{"items": [', finish="length"))
    got = answer(request(choice(models, "m", tools=False)), Listener())
    assert (got.text, len(got.refusals)) == (f"Voici.\n\n{QUOTE_REFUSED}", 1)


def test_several_blocks_one_of_them_good(models: ModelServer) -> None:
    models.script("m", Reply(text=block("{") + block(LYING_BLOCK)))
    got = answer(request(choice(models, "m", tools=False)), Listener())
    assert (len(got.drafts), len(got.refusals)) == (1, 1)
    assert QUOTE_REFUSED not in got.text


def test_tool_and_block_make_one_draft(models: ModelServer) -> None:
    models.script("m", Reply(text="", calls=(("proposer_pre_devis", BATHROOM),)), Reply(text=block(LYING_BLOCK)))
    got = answer(request(choice(models, "m")), Listener())
    assert [draft.title for draft in got.drafts] == ["Rénovation de salle de bain"]
    assert "json" not in got.text


@pytest.mark.parametrize(
    ("name", "arguments", "word"),
    [
        ("inconnu", {}, "existe pas"),
        ("bad name é", {}, "existe pas"),
        ("proposer_pre_devis", "{not json", "JSON"),
        ("proposer_pre_devis", "[]", "JSON"),
        ("proposer_pre_devis", {"titre": "x"}, "type_projet"),
        ("rechercher_prix", {"codes": "CARR-SOL"}, "codes"),
    ],
)
def test_a_bad_call_goes_back_as_an_error(models: ModelServer, name: str, arguments: object, word: str) -> None:
    models.script("m", Reply(text="", calls=((name, arguments),)), Reply(text="Autrement."))
    got = answer(request(choice(models, "m")), Listener())
    assert got.text == "Autrement."
    *_, called, result = models.asked[1].body["messages"]
    assert word in json.loads(result["content"])["erreur"]
    assert isinstance(json.loads(called["tool_calls"][0]["function"]["arguments"]), dict)


def test_a_refused_proposal_can_be_corrected(models: ModelServer) -> None:
    bad = BATHROOM | {"lignes": []}
    models.script(
        "m",
        Reply(text="", calls=(("proposer_pre_devis", bad),)),
        Reply(text="", calls=(("proposer_pre_devis", BATHROOM),)),
        Reply(text=""),
    )
    got = answer(request(choice(models, "m")), Listener())
    assert (len(got.drafts), len(got.refusals), got.text) == (1, 1, QUOTE_READY)


def test_a_refused_proposal_without_a_word(models: ModelServer) -> None:
    models.script("m", Reply(text="", calls=(("proposer_pre_devis", BATHROOM | {"lignes": []}),)), Reply(text=""))
    heard = Listener()
    got = answer(request(choice(models, "m")), heard)
    assert got.text == heard.seen == QUOTE_REFUSED
    assert got.refusals and got.refusals[0].endswith(".")


def test_rounds_of_tools_are_counted(models: ModelServer) -> None:
    models.script("m", Reply(text="Encore.", calls=(("rechercher_prix", {}),)))
    got = answer(request(choice(models, "m")), Listener())
    assert len(models.asked) == MAX_TOOL_ROUNDS + 1
    assert len(got.tools_used) == MAX_TOOL_ROUNDS
    assert got.text == "\n\n".join(["Encore."] * (MAX_TOOL_ROUNDS + 1))


def test_usage_is_estimated_when_nobody_counts(models: ModelServer) -> None:
    models.script("m", Reply(text="mot " * 100, usage=None))
    got = answer(request(choice(models, "m")), Listener())
    assert got.estimated
    assert got.completion_tokens == 100
    assert got.prompt_tokens > 100


def stop_after(pieces: int) -> Any:
    asked = count()
    return lambda: next(asked) >= pieces


@pytest.mark.usefixtures("word_by_word")
def test_a_stop_keeps_what_was_said(models: ModelServer) -> None:
    heard = Listener()
    got = answer(request(choice(models, "long"), should_stop=stop_after(5)), heard)
    assert got.stopped
    assert got.text == heard.seen and ("mot " * 100).startswith(got.text) and len(got.text) >= 20
    assert models.asked[0].hung_up.wait(2), "the model still works"
    assert got.estimated


@pytest.mark.usefixtures("word_by_word")
@pytest.mark.parametrize("pieces", range(1, 12))
def test_a_stop_inside_a_block_shows_none_of_it(models: ModelServer, pieces: int) -> None:
    models.script("m", Reply(text="Oui.\n```json-quote\n{" + "SECRET" * 50, gap=0.01))
    got = answer(request(choice(models, "m", tools=False), should_stop=stop_after(pieces)), Listener())
    assert (got.stopped, got.text, got.refusals) == (True, "Oui.", [])


def test_a_stop_before_the_first_word(models: ModelServer) -> None:
    got = answer(request(choice(models, "ok"), should_stop=lambda: True), Listener())
    assert (got.stopped, got.text, got.ttft_ms, models.asked) == (True, "", None, [])
    assert (got.prompt_tokens, got.estimated) == (0, False)


@pytest.mark.usefixtures("word_by_word")
def test_a_stop_prevents_tools(models: ModelServer) -> None:
    heard = Listener()
    models.script("m", Reply(text="Je consulte les prix.", calls=(("rechercher_prix", {"metier": "carrelage"}),), gap=0.02))
    got = answer(request(choice(models, "m"), should_stop=lambda: len(heard) > 0), heard)
    assert got.stopped
    assert not got.tools_used


def test_the_built_in_engine(models: ModelServer) -> None:
    heard = Listener()
    got = answer(request(LOCAL), heard)
    assert got.text == heard.seen != ""
    assert (got.provider, models.asked) == ("local", [])
    assert all(isinstance(event, Token | ToolUsed) for event in heard)
