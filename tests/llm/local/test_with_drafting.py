"""The engine's proposals, taken by the product's own drafting and library: nothing is corrected, totals are the journey's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.quoting.catalogue import Catalogue, PriceEntry
from app.quoting.drafting import draft_from_block, draft_from_tool
from app.quoting.library_seed import PLATFORM_PRICES
from tests.llm.local.conversation import PHOTO, Conversation, talk
from tests.llm.local.test_requests import JOURNEY, REQUESTS

CATALOGUE = Catalogue(
    PriceEntry(seed.code, seed.label, seed.unit, Decimal(seed.unit_price), Decimal(seed.vat_rate), seed.trade, seed.keywords)
    for seed in PLATFORM_PRICES
)


def test_the_journeys_totals_by_the_tool() -> None:
    draft = draft_from_tool(talk(JOURNEY, PHOTO)[1].proposal, CATALOGUE)
    assert (draft.totals.total_ht, draft.totals.total_ttc) == (5790, 6948)
    assert [line.total_ht for line in draft.lines] == [450, 1200, 640, 1400, 2100]
    assert draft.corrections == ()


def test_the_journeys_totals_by_the_block() -> None:
    conversation = Conversation(tools=[])
    conversation.say(JOURNEY)
    block = conversation.say("non").text.partition("```json-quote")[2].removesuffix("```")
    draft = draft_from_block(block, CATALOGUE)
    assert (draft.totals.total_ht, draft.totals.total_ttc) == (5790, 6948)
    assert draft.corrections == ()


@pytest.mark.parametrize("text", [row[0] for row in REQUESTS if row[1]])
def test_every_request_ends_in_a_proposal_taken_as_it_is(text: str) -> None:
    replies = talk(text, *["je ne sais pas"] * 8)
    proposal = next((reply.proposal for reply in replies if reply.proposal), None)
    if proposal is None:
        assert any("estimation honnête" in reply.text for reply in replies)
    else:
        assert draft_from_tool(proposal, CATALOGUE).corrections == ()
