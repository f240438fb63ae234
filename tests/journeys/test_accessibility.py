"""axe finds nothing on any portal page nor chat state, on a phone and at a desk, light and dark (DESIGN.md, Access)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from app.web.house import House
from tests.guards.test_pages import ROLES, simple_paths
from tests.journeys.test_main_journey import sign_in, talk
from tests.support.browser import DESKTOP, PHONE
from tests.support.chat import make_token
from tests.support.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.committed, pytest.mark.xdist_group("live")]
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
  .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(', '))"""
PEOPLE = {portal: portal for portal in ROLES}


def check(page: Page, where: str) -> None:
    """No violation, and no sideways scrolling."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(RUN) == [], where
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), f"{where}: scrolls sideways"


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desk-dark"])
def test_portal_pages(live: Stack, browser: Browser, app: House, viewport: dict[str, int], scheme: str) -> None:
    for portal, person in PEOPLE.items():
        context = browser.new_context(viewport=viewport, color_scheme=scheme, locale="fr-FR", bypass_csp=True, reduced_motion="reduce")  # type: ignore[arg-type]
        page = sign_in(context, live, person)
        for path in simple_paths(app, (portal, *(("account", "notifications") if portal in ("editeur", "particulier") else ()))):
            answer = page.goto(f"{live.base_url}{path}")
            if (
                answer is not None
                and answer.status == 200
                and "text/html" in answer.headers["content-type"]
                and page.locator("main").count()
            ):
                check(page, f"{portal} {path} {scheme}")
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_chat_states(live: Stack, browser: Browser, tmp_path: Path, scheme: str) -> None:
    context = browser.new_context(
        viewport=PHONE, color_scheme=scheme, locale="fr-FR", bypass_csp=True, has_touch=True, reduced_motion="reduce"
    )  # type: ignore[arg-type]
    page = context.new_page()
    token = make_token(live.base_url, live.demo)
    page.goto(f"{live.base_url}/s/{token}")
    check(page, "welcome")
    talk(page, live, token, tmp_path)
    check(page, "the estimate")
    page.get_by_role("button", name="Menu").click()
    check(page, "the menu")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Cela me convient").click()
    page.get_by_text(re.compile("terminée|accepté", re.IGNORECASE)).first.wait_for()
    check(page, "accepted")
    page.goto(f"{live.base_url}/s/inconnu")
    check(page, "an unknown link")
    context.close()
