"""The chat page is light: HTML, style and scripts of a first visit, as they travel from our own server (40 KB), in few requests."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Response

from tests.support.browser import PHONE
from tests.support.chat import make_token
from tests.support.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.committed]
LIMIT = 40 * 1000
REQUESTS = 9
OURS = ("document", "stylesheet", "script")


@pytest.mark.parametrize("where", ["link", "link in English", "frame"])
def test_a_first_visit_is_light(live: Stack, browser: Browser, where: str) -> None:
    context = browser.new_context(viewport=PHONE, locale="fr-FR", service_workers="block")  # type: ignore[arg-type]
    page = context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer) if answer.request.resource_type in OURS else None)
    path = f"/s/{make_token(live.base_url, live.demo)}"
    if where == "frame":
        path = f"/embed/{live.demo['deployments']['expert_btp']}?origin=http://localhost:1&mode=float&locale=fr&theme=auto"
    page.goto(f"{live.base_url}{path}{'?locale=en' if 'English' in where else ''}", wait_until="networkidle")
    page.locator("#composer" if where != "frame" else "#panel").wait_for()
    assert {answer.status for answer in answers} == {200}
    travelled = {answer.url: answer.request.sizes() for answer in answers}
    total = sum(sizes["responseBodySize"] + sizes["responseHeadersSize"] for sizes in travelled.values())
    detail = {url.rpartition("/")[2][:24]: sizes["responseBodySize"] for url, sizes in travelled.items()}
    assert 10_000 < total <= LIMIT, detail
    assert len(answers) <= REQUESTS, detail
    for answer in answers:
        assert answer.headers.get("content-encoding") == "gzip", answer.url
        assert "Accept-Encoding" in answer.headers["vary"], answer.url
        if answer.request.resource_type != "document":
            assert "immutable" in answer.headers["cache-control"], answer.url
    # A second visit asks for the page alone.
    answers.clear()
    page.goto(page.url, wait_until="networkidle")
    fresh = [answer.url for answer in answers if answer.request.sizes()["responseHeadersSize"] and not answer.from_service_worker]
    assert len([url for url in fresh if "/static/" not in url]) == 1
    context.close()
