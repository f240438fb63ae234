"""axe finds nothing on any portal page nor chat state, on a phone and at a desk, light and dark (DESIGN.md, Access)."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page

from app.web.house import House
from tests.conftest import worker_number
from tests.guards.test_pages import ROLES, simple_paths
from tests.journeys.test_main_journey import SENTENCE, photo, sign_in, talk
from tests.support.browser import DESKTOP, PHONE
from tests.support.chat import make_token
from tests.support.databases import admin_url
from tests.support.sites import Site
from tests.support.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.committed]
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
  .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(', '))"""
# The theme follows the system at the next frame, and colours may slide towards it; what turns for ever is not waited for.
SETTLED = """(scheme) => document.documentElement.dataset.bsTheme === scheme && document.getAnimations()
  .every((one) => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)"""
PEOPLE = {portal: portal for portal in ROLES}


def check(page: Page, where: str) -> None:
    """No violation, and no sideways scrolling, in a page that was just loaded."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    look_at(page, where)


def look_at(page: Page, where: str) -> None:
    """The same in a page where axe is already."""
    assert page.evaluate(RUN) == [], where
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), f"{where}: scrolls sideways"


def deployment_paths(app: House, portal: str, deployment_id: str) -> list[str]:
    """The pages of one deployment in a portal that has them."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] == portal and rule.arguments == {"deployment_id"}]
    return sorted(rule.rule.replace("<deployment_id>", deployment_id) for rule in rules if "GET" in (rule.methods or set()))


def agent_paths(app: House, portal: str) -> list[str]:
    """The pages of one agent, in the portal that has them."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] == portal and rule.arguments == {"agent_id"}]
    return sorted(rule.rule.replace("<agent_id>", "agt_ExpertBtp") for rule in rules if "GET" in (rule.methods or set()))


@pytest.mark.parametrize("portal", PEOPLE)
def test_portal_pages(live: Stack, browser: Browser, app: House, portal: str) -> None:
    """Each page is loaded once, on a light phone, then looked at again as a dark desk shows it: nothing but CSS tells them apart."""
    context = browser.new_context(viewport=PHONE, color_scheme="light", locale="fr-FR", bypass_csp=True, reduced_motion="reduce")  # type: ignore[arg-type]
    page = sign_in(context, live, PEOPLE[portal])
    paths = simple_paths(app, (portal, *(("account", "notifications") if portal in ("editeur", "particulier") else ())))
    seen = 0
    for path in paths + deployment_paths(app, portal, live.demo["deployments"]["expert_btp"]) + agent_paths(app, portal):
        if path.endswith((".csv", ".xlsx")):
            continue
        answer = page.goto(f"{live.base_url}{path}")
        if answer is not None and answer.status == 200 and "text/html" in answer.headers["content-type"] and page.locator("main").count():
            check(page, f"{portal} {path} light")
            page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
            page.emulate_media(color_scheme="dark")
            page.wait_for_function(SETTLED, arg="dark")
            look_at(page, f"{portal} {path} dark")
            page.set_viewport_size(PHONE)  # type: ignore[arg-type]
            page.emulate_media(color_scheme="light")
            seen += 1
    assert seen
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


ENDS = (
    ("UPDATE deployments SET is_active = {} WHERE id = %(deployment)s", "false", "true", "en pause"),
    (
        "UPDATE users SET status = {} WHERE id = (SELECT editor_id FROM deployments WHERE id = %(deployment)s)",
        "'suspended'",
        "'active'",
        "suspendu",
    ),
    ("UPDATE session_links SET revoked_at = {} WHERE id = %(link)s", "now()", "NULL", "plus actif"),
    ("UPDATE session_links SET expires_at = now() + interval {} WHERE id = %(link)s", "'-1 day'", "'1 day'", "a expiré"),
    ("UPDATE sessions SET status = {} WHERE link_id = %(link)s", "'deleted'", "'open'", "supprimée"),
)


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone-dark", "desk-light"])
def test_closed_chats(live: Stack, browser: Browser, viewport: dict[str, int], scheme: str) -> None:
    """Each way a conversation ends: in the open page, and on the page that loads afterwards."""
    context = browser.new_context(viewport=viewport, color_scheme=scheme, locale="fr-FR", bypass_csp=True, reduced_motion="reduce")  # type: ignore[arg-type]
    token = make_token(live.base_url, live.demo)
    told = {"deployment": live.demo["deployments"]["expert_btp"], "link": f"lnk_{token[:20]}"}
    page = context.new_page()
    with psycopg.connect(admin_url(f"live_{worker_number()}"), autocommit=True) as connection:
        for sql, change, undo, words in ENDS:
            page.goto(f"{live.base_url}/s/{token}")
            page.get_by_label("Votre message").wait_for()
            connection.execute(sql.format(change), told)
            try:
                page.locator("#panel").get_by_text(words).wait_for(timeout=8000)
                check(page, f"closed: {words}")
                page.goto(f"{live.base_url}/s/{token}")
                check(page, f"a link closed: {words}")
            finally:
                connection.execute(sql.format(undo), told)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_framed_chats(live: Stack, browser: Browser, tmp_path: Path, scheme: str) -> None:
    """The page in a site's frame, in English, with the theme that the site gave: it wins over the device's."""
    site = Site()
    key = live.demo["deployments"]["expert_btp"]
    other = "light" if scheme == "dark" else "dark"
    data = f'data-deployment-key="{key}" data-locale="en" data-theme="{scheme}"'
    site.page("/", f'<script src="{live.base_url}/widget/v1/loader.js" {data}></script>')
    context = browser.new_context(viewport=DESKTOP, color_scheme=other, locale="en-GB", bypass_csp=True, reduced_motion="reduce")  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.goto(site.origin("localhost"))
        page.get_by_role("button", name="Open the conversation").click()
        framed = page.frame_locator("iframe")
        framed.get_by_label("Your message").wait_for()
        inside = page.frames[1]
        paper = "rgb(18, 22, 28)" if scheme == "dark" else "rgb(247, 246, 243)"
        inside.wait_for_function("(paper) => getComputedStyle(document.body).backgroundColor === paper", arg=paper)
        check(page, "the site's page")

        def look(where: str) -> None:
            inside.evaluate(AXE.read_text(encoding="utf-8"))
            assert inside.evaluate(RUN) == [], where
            assert not inside.evaluate("document.documentElement.scrollWidth > window.innerWidth"), f"{where}: scrolls sideways"

        look("framed: welcome")
        framed.get_by_label("Your message").fill(SENTENCE)
        framed.get_by_role("button", name="Send the message").click()
        framed.get_by_role("button", name="Helpful answer", exact=True).wait_for(timeout=15_000)
        framed.locator("#files").set_input_files([photo(tmp_path / "a.jpg", 1), photo(tmp_path / "b.jpg", 2)])
        framed.locator("#tray img").nth(1).wait_for(timeout=15_000)
        look("framed: photos to send")
        framed.get_by_role("button", name="Send the message").click()
        framed.get_by_role("button", name="This suits me").wait_for(timeout=20_000)
        look("framed: the estimate")
        for name in ("Receive the conversation by", "Talk to the craftsman", "About this conversation", "Delete my conversation"):
            framed.get_by_role("button", name="Menu").click()
            look("framed: the menu")
            framed.get_by_role("button", name=re.compile(name)).last.click()
            look(f"framed: {name}")
            if name != "Delete my conversation":
                framed.get_by_role("button", name="Close").click()
        framed.get_by_label(re.compile("write DELETE")).fill("DELETE")
        framed.get_by_role("dialog").get_by_role("button", name="Delete my conversation").click()
        framed.get_by_role("button", name="Begin another conversation").wait_for()
        look("framed: erased")
        page.goto(f"{live.base_url}/embed/{key}")
        page.locator("#panel").get_by_text("ne s’affiche pas ici").wait_for()
        check(page, "a frame's page without its site")
    finally:
        context.close()
        site.close()
