"""Whatever is typed: no exception, always an end, bounded time, photos asked at most once, one question at a time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.llm.deltas import Finished, TextDelta
from app.llm.providers.local import stream
from app.llm.providers.local.text import folded, tokens
from app.llm.providers.local.words import CHOICE_WORDS, PLANE_WORDS, WORK_WORDS
from tests.llm.local.conversation import PHOTO, TOOLS, Conversation, talk

_WORDS = [phrase for words in (*WORK_WORDS.values(), *CHOICE_WORDS.values(), *PLANE_WORDS.values()) for phrase in words.split(", ")]
_GLUE = [
    "et",
    "ou",
    "de",
    "du",
    "la",
    "le",
    "les",
    ",",
    ".",
    ";",
    "?",
    "!",
    "sans",
    "sauf",
    "pas",
    "avec",
    "refaire",
    "remplacer",
    "par",
    "poser",
    "enlever",
    "ajoutez",
    "finalement",
    "plutôt",
    "seulement",
    "ancien",
    "salon",
    "chambre",
    "cuisine",
    "maison",
    "8",
    "12,5",
    "m²",
    "m",
    "ml",
    "x",
    "deux",
    "une",
    "oui",
    "non",
    "merci",
    "bonjour",
    "partout",
    "total",
    "chacune",
] + ["salle de bain", "je ne sais pas", "les deux", "annulez tout", "combien ?", PHOTO, "\n", "8 m²", "3 x 4 m", "six prises"]
_SENTENCES = st.lists(st.sampled_from(_WORDS + _GLUE), max_size=14).map(" ".join)
_SECONDS = 3.0
"""For 10,000 characters on a machine that does other things; a quadratic reading takes minutes."""


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    deltas = list(stream([{"role": "user", "content": text}], TOOLS, model="local"))
    assert isinstance(deltas[-1], Finished)


@settings(max_examples=120, deadline=None)
@given(st.lists(_SENTENCES, min_size=1, max_size=7), st.booleans())
def test_any_dialogue_keeps_its_rules(said: list[str], with_tools: bool) -> None:
    conversation = Conversation(tools=TOOLS if with_tools else [])
    asked_for_photos = 0
    for text in said:
        reply = conversation.say(text)
        assert reply.text.strip()
        assert reply.finished[-1] == "stop"
        assert len(reply.calls) <= 2
        assert len({name for name, _ in reply.calls}) == len(reply.calls)
        visible = reply.text.partition("```")[0]
        assert visible.count("?") <= 1
        assert "TVA" not in visible.rpartition("?")[0]
        asked_for_photos += "m’envoyer une ou deux photos" in visible
        if reply.proposal:
            assert reply.proposal["lignes"]
            assert all(0 < line["quantite"] < 100_000 for line in reply.proposal["lignes"])
    assert asked_for_photos <= 1


@settings(max_examples=60, deadline=None)
@given(_SENTENCES, _SENTENCES)
def test_after_two_vain_questions_everything_moves_on(start: str, noise: str) -> None:
    """Saying the same thing again and again never meets the same question more than twice, but for the very first one."""
    conversation = Conversation()
    texts = [conversation.say(start).text] + [conversation.say(noise).text for _ in range(8)]
    questions = [text.rpartition("?")[0].rpartition(". ")[2] for text in texts if "?" in text and "Quels travaux" not in text]
    assert all(questions.count(question) <= 2 for question in questions)


@settings(max_examples=40, deadline=None)
@given(st.one_of(st.sampled_from([*_WORDS, *_GLUE]), st.text(min_size=1, max_size=6)), st.sampled_from([" ", "", ",", "\n"]))
def test_time_is_bounded_on_long_texts(piece: str, separator: str) -> None:
    text = ((piece + separator) * 10_000)[:10_000]
    began = time.perf_counter()
    deltas = list(stream([{"role": "user", "content": text}], TOOLS, model="local"))
    assert time.perf_counter() - began < _SECONDS
    assert isinstance(deltas[-1], Finished)


def test_what_is_read_of_a_message_is_bounded() -> None:
    assert len(tokens("a1 " * 100_000)) < 10_000
    assert len(folded("ﷺ" * 50_000)) <= 4000


def test_a_long_conversation_stays_quick() -> None:
    messages = []
    for number in range(60):
        messages += [
            {"role": "user", "content": f"une chambre de {number + 5} m² et du parquet " * 30},
            {"role": "assistant", "content": "Bien."},
        ]
    began = time.perf_counter()
    text = "".join(delta.text for delta in stream(messages[:-1], [], model="local") if isinstance(delta, TextDelta))
    assert text
    assert time.perf_counter() - began < _SECONDS


@pytest.mark.parametrize("area", ["1e9", "2,5e3", "10⁹", "0", "99999", "20.000"])
def test_a_surface_that_no_room_has_is_asked_again(area: str) -> None:
    first, second, third = talk(f"repeindre les murs du salon de {area} m²", f"{area} m²", "20 m²")
    assert "surface au sol du salon" in first.text
    assert "surface au sol du salon" in second.text
    assert "photos" in third.text
