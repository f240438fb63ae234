"""One answer outside of a conversation: what the playground, question sets and the API get."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import pytest

from app.answering.config import ResolvedConfig
from app.answering.errors import AnswerFailedError
from app.answering.trial import try_answer
from app.core import acting
from app.core.jobs import JobInterrupted
from app.core.transaction import transaction
from app.llm.calls import ModelCall
from app.llm.gateway import LOCAL
from app.web.house import House
from tests.answering.samples import QUESTION, TOOLS, Listener, choice
from tests.factories import committing, make_agent
from tests.support.model_server import BATHROOM, ModelServer, Reply, by_round, failing


@pytest.fixture
def config(models: ModelServer) -> ResolvedConfig:
    return ResolvedConfig("Vous êtes Expert BTP.", (choice(models, "ok"),))


def test_an_answer_says_what_it_was_made_with(config: ResolvedConfig, models: ModelServer) -> None:
    heard = Listener()
    got = try_answer(config, [QUESTION], heard)
    assert (got.text, heard.seen) == ("Bonjour, je vous écoute.",) * 2
    assert got.resolved_prompt == models.asked[0].body["messages"][0]["content"] == "Vous êtes Expert BTP."
    (call,) = got.calls
    assert (call.model, call.prompt_tokens, call.completion_tokens, call.estimated, call.success) == ("ok", 100, 20, False, True)
    assert 0 <= (call.ttft_ms or 0) <= call.latency_ms <= got.latency_ms + 1


def test_the_tools_it_called_with_what_they_answered(house: House, config: ResolvedConfig, models: ModelServer) -> None:
    with committing():
        make_agent()
    rounds = (("rechercher_prix", {"metier": "carrelage"}),), (("proposer_pre_devis", BATHROOM),)
    models.script("ok", by_round(*(Reply(text="", calls=calls) for calls in rounds), Reply(text="C’est prêt.")))
    got = try_answer(replace(config, tools=TOOLS), [QUESTION])
    assert [run.name for run in got.tool_runs] == list(TOOLS) and '"carrelage"' in got.tool_runs[0].arguments
    assert got.tool_runs[1].result["accepte"] is True and [draft.title for draft in got.drafts] == [BATHROOM["titre"]]
    assert [(call.prompt_tokens, call.success) for call in got.calls] == [(100, True)] * 3


def test_prices_come_from_the_callers_transaction_where_there_is_one(house: House) -> None:
    with committing():
        make_agent()
    with transaction(acting.user("usr_admin", role="admin")):
        got = try_answer(ResolvedConfig("Bonjour", (LOCAL,), tools=TOOLS), [QUESTION])
        assert got.text and acting.current_actor().role == "admin"


def test_what_was_spent_is_known_when_it_breaks_off(config: ResolvedConfig) -> None:
    def interrupt(_: object) -> NoReturn:
        raise JobInterrupted

    spent: list[ModelCall] = []
    with pytest.raises(JobInterrupted):
        try_answer(config, [QUESTION], interrupt, calls=spent)
    assert [(call.error_class, call.estimated, call.prompt_tokens > 0) for call in spent] == [("interrupted", True, True)]


def test_a_failure_says_what_was_spent(config: ResolvedConfig, models: ModelServer) -> None:
    models.script("ok", failing(500, "server_error"))
    with pytest.raises(AnswerFailedError) as caught:
        try_answer(config, [QUESTION])
    assert [call.error_class for call in caught.value.calls] == ["overloaded"]


def test_it_stops_when_asked(config: ResolvedConfig, models: ModelServer) -> None:
    models.script("ok", Reply(text="mot " * 200, gap=0.01))
    asked = iter([False] * 3)
    got = try_answer(config, [QUESTION], should_stop=lambda: next(asked, True))
    (call,) = got.calls
    assert got.stopped and len(got.text) < 100 and (call.success, call.estimated) == (True, True)


def test_sampling_and_format_are_sent_when_they_are_not_the_usual(config: ResolvedConfig, models: ModelServer) -> None:
    try_answer(config, [QUESTION])
    try_answer(replace(config, top_p=0.5, presence_penalty=1.0, response_format={"type": "json_object"}), [QUESTION])
    plain, said = (asked.body for asked in models.asked)
    assert not {"top_p", "frequency_penalty", "presence_penalty", "response_format"} & set(plain)
    assert (said["top_p"], said["presence_penalty"], said["response_format"]) == (0.5, 1.0, {"type": "json_object"})
    assert "frequency_penalty" not in said


def test_a_model_that_does_not_know_an_option_is_asked_without_it(config: ResolvedConfig, models: ModelServer) -> None:
    refusing = failing(400, "unsupported_parameter")
    models.script(
        "ok", lambda body: replace(refusing, error={"code": "unsupported_parameter", "message": "top_p"}) if "top_p" in body else Reply()
    )
    assert try_answer(replace(config, top_p=0.5), [QUESTION]).text == "Bonjour, je vous écoute."
