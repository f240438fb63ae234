"""Lighthouse on the page of a link, as on a middling phone: at least 95 in what visitors feel."""

from __future__ import annotations

import pytest

from tests.support.chat import make_token
from tests.support.lighthouse import examine
from tests.support.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.committed]
LEAST = 95


def test_the_page_of_a_link(live: Stack) -> None:
    report = examine(f"{live.base_url}/s/{make_token(live.base_url, live.demo)}")
    assert min(report.scores.values()) >= LEAST, report
