"""The filter that hides ```json-quote blocks: the same text whatever the pieces, and never a word of a block."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.answering.blocks import BlockFilter

FENCE = "```json-quote\n"
PROSE = st.text(alphabet="ab `\n\t é{}]-", max_size=40).filter(lambda text: "```" not in text and not text.endswith("`"))
SECRET = st.text(alphabet='SECRT{}[]":, \n`', max_size=40).filter(lambda text: "```" not in text and not text.endswith("`"))
CHAOS = st.lists(
    st.sampled_from(["```", "`", "json-quote", "json", "\n", " ", "}", "a", "S", "``` json-quote", "```JSON-Quote"]), max_size=30
)


def run(pieces: list[str]) -> tuple[str, list[str]]:
    hidden = BlockFilter()
    shown = "".join(hidden.feed(piece) for piece in pieces) + hidden.end()
    return shown, hidden.blocks


def cut(text: str, cuts: list[int]) -> list[str]:
    edges = [0, *sorted(place % (len(text) + 1) for place in cuts), len(text)]
    return [text[start:stop] for start, stop in zip(edges, edges[1:], strict=False)]


@settings(deadline=None)
@given(CHAOS, st.lists(st.integers(0, 10_000), max_size=40))
def test_any_pieces_give_the_same(parts: list[str], cuts: list[int]) -> None:
    text = "".join(parts)
    assert run(cut(text, cuts)) == run([text]) == run(list(text))


@settings(deadline=None)
@given(st.lists(st.tuples(PROSE, SECRET), min_size=1, max_size=4), PROSE, st.booleans(), st.lists(st.integers(0, 10_000), max_size=40))
def test_no_word_of_a_block_is_shown(pairs: list[tuple[str, str]], last: str, closed: bool, cuts: list[int]) -> None:
    text = "".join(f"{prose}{FENCE}{secret}\n```" for prose, secret in pairs)
    text = text + last if closed else text[:-3]
    shown, blocks = run(cut(text, cuts))
    assert not set("SECRT") & set(shown)
    assert blocks == [secret.strip() for _, secret in pairs]
    wanted = [prose for prose, _ in pairs] + ([last] if closed else [])
    assert "".join(shown.split()) == "".join("".join(wanted).split())


@settings(deadline=None)
@given(PROSE, st.lists(st.integers(0, 10_000), max_size=40))
def test_prose_stays_whole(prose: str, cuts: list[int]) -> None:
    shown, blocks = run(cut(prose, cuts))
    assert (shown.split(), blocks) == (prose.split(), [])
    assert shown == shown.strip()
    assert "\n\n\n" not in shown


@pytest.mark.parametrize(
    ("text", "shown", "blocks"),
    [
        ("Avant\n```json-quote\n{}\n```\nAprès", "Avant\n\nAprès", ["{}"]),
        ("Avant ```json-quote{}``` après", "Avant \n\n après", ["{}"]),
        ("``` json-quote\n{}\n   ```", "", ["{}"]),
        ("```JSON-QUOTE\n[1]```", "", ["[1]"]),
        ("```json-quote```fin", "fin", [""]),
        ('```json-quote\n{"label": "a ``` b"}\n```fin', "fin", ['{"label": "a ``` b"}']),
        ("A\n```json-quote\n{\n\nB", "A", ["{\n\nB"]),
        ("a ```json\n{}\n``` b", "a ```json\n{}\n``` b", []),
        ("a `code` ``", "a `code` ``", []),
        ("a```json-quote\n1\n```b```json-quote\n2\n```c", "a\n\nb\n\nc", ["1", "2"]),
    ],
)
def test_cases(text: str, shown: str, blocks: list[str]) -> None:
    assert run(list(text)) == (shown, blocks)


def test_a_character_is_shown_as_soon_as_it_can_be() -> None:
    hidden = BlockFilter()
    assert [hidden.feed(piece) for piece in ("Bon", "jour ", "`", "``", "js", "x")] == ["Bon", "jour", "", "", "", " ```jsx"]


def test_rounds_stand_apart() -> None:
    hidden = BlockFilter()
    hidden.new_paragraph()
    shown = hidden.feed("Un. ") + hidden.end()
    hidden.new_paragraph()
    hidden.new_paragraph()
    assert shown + hidden.feed("Deux.") == "Un.\n\nDeux."
