"""The widget on somebody else's page: two real origins, one Chromium (PRODUCT.md, Domain control in an iframe, Sessions, Cookies)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, FrameLocator, Locator, Page, expect

from tests.journeys.test_accessibility import AXE, RUN
from tests.journeys.test_main_journey import SENTENCE
from tests.support.browser import FLAGS, chromium, desktop, phone
from tests.support.chat import make_token
from tests.support.sites import PAGE, Site
from tests.support.stack import Stack, changed

pytestmark = [pytest.mark.browser, pytest.mark.committed]
WITHIN_MS = 5000
# What the page hears, written down in order; the queue stands before the loader does.
RECORDER = """
window.heard = [];
window.AiManagerWidget = { q: [] };
for (const name of ["ready", "open", "close", "message:sent", "message:received", "error", "file:uploading", "file:uploaded", "file:error"])
  window.AiManagerWidget.q.push(["on", name, (data) => window.heard.push([name, name === "ready" ? null : data])]);
"""
# What stays on the page: its elements, its globals, and the listeners of the objects that outlive an element.
WATCH = """
window.standing = new Map();
const LASTING = ["message", "resize", "scroll", "keydown", "focus", "blur", "visibilitychange", "storage", "online", "pagehide"];
const shared = (target) => target === window || target === document || target === window.visualViewport;
for (const [verb, step] of [["addEventListener", 1], ["removeEventListener", -1]]) {
  const original = EventTarget.prototype[verb];
  EventTarget.prototype[verb] = function (name, ...rest) {
    if (shared(this) && LASTING.includes(name)) window.standing.set(name, (window.standing.get(name) || 0) + step);
    return original.call(this, name, ...rest);
  };
}
window.traces = () => JSON.stringify([
  document.querySelectorAll("*").length, document.adoptedStyleSheets.length, Object.keys(window).filter((name) => /manager/i.test(name)),
  [...window.standing].filter(([, count]) => count).sort(),
]);
"""
BOXES = "JSON.stringify([...document.querySelectorAll('main, h1, p, footer')].map((e) => e.getBoundingClientRect())) + document.body.scrollHeight"
PICTURE = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 400, height: 300 });
  canvas.getContext("2d").fillRect(20, 20, 200, 100);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return AiManagerWidget.uploadFile(new File([blob], "salle-de-bain.png", { type: "image/png" }));
}"""


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture
def at_desk(browser: Browser) -> Iterator[BrowserContext]:
    context = desktop(browser)
    yield context
    context.close()


def tag(live: Stack, deployment: str = "expert_btp", **data: str) -> str:
    """The snippet that an editor copies."""
    extra = "".join(f' data-{name.replace("_", "-")}="{value}"' for name, value in data.items())
    return f'<script src="{live.base_url}/widget/v1/loader.js" data-deployment-key="{live.demo["deployments"][deployment]}"{extra} async></script>'


def strict(live: Stack) -> str:
    """The policy of a careful site, with the lines that docs/widget.md gives."""
    ours = live.base_url
    return f"default-src 'none'; script-src 'self' {ours}; connect-src {ours}; frame-src {ours}; require-trusted-types-for 'script'"


def launcher(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("(Ouvrir|Réduire) la conversation"))


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def say(page: Page, sentence: str) -> None:
    """Write in the frame, and wait for the streamed answer."""
    expect(frame(page).locator("#log")).to_have_attribute("aria-busy", "false", timeout=10_000)
    frame(page).get_by_label("Votre message").fill(sentence)
    frame(page).get_by_role("button", name="Envoyer le message").click()
    expect(frame(page).locator("#messages .from-visitor").last).to_contain_text(sentence)
    answered(frame(page))


def answered(where: FrameLocator) -> None:
    """The last reply is written to its end: it can be judged."""
    expect(where.locator("#messages > li").last.get_by_role("button", name="Réponse utile")).to_be_visible(timeout=15_000)


def heard(page: Page, name: str) -> list[object]:
    return [data for event, data in page.evaluate("window.heard") if event == name]


def kept(page: Page) -> list[int]:
    """How many things this site keeps."""
    return page.evaluate("[localStorage.length, sessionStorage.length, document.cookie.length]")


def asked(page: Page, live: Stack) -> list[str]:
    """Paths that are asked from the product from now on."""
    paths: list[str] = []
    page.on(
        "request", lambda request: request.url.startswith(live.base_url) and paths.append(request.url[len(live.base_url) :].split("?")[0])
    )
    return paths


def complaints(page: Page) -> list[str]:
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and page.url.split("/")[2] in message.location.get("url", ""):
            found.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def test_a_conversation_lives_through_reloads_on_a_strict_site(live: Stack, site: Site, at_desk: BrowserContext) -> None:
    site.script("/hote.js", RECORDER)
    for path in ("/", "/autre"):
        site.page(path, f'<script src="/hote.js"></script>{tag(live)}', strict(live))
    at_desk.add_init_script(WATCH)
    page = at_desk.new_page()
    paths, errors = asked(page, live), complaints(page)
    page.goto(site.origin("localhost"))
    boxes = page.evaluate(BOXES)
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")

    # Loading asks for the public look, keeps nothing, and moves nothing.
    assert paths == ["/widget/v1/loader.js", "/api/widget/v1/config"]
    assert kept(page) == [0, 0, 0] and page.frames[1:] == []
    assert page.evaluate(BOXES) == boxes

    launcher(page).click()
    expect(launcher(page)).to_have_attribute("aria-expanded", "true")
    expect(page.locator("iframe")).to_have_attribute("title", re.compile("."))
    say(page, SENTENCE)
    assert page.evaluate(BOXES) == boxes
    assert paths.count("/api/widget/v1/init") == 1 and kept(page)[0] == 1
    assert [len(heard(page, name)) for name in ("ready", "open", "message:sent", "error")] == [1, 1, 1, 0]
    assert "photo" in heard(page, "message:received")[0]["content"]  # type: ignore[index]

    # The keyboard: Escape leaves the frame and gives the focus back to the button; Enter opens it again.
    frame(page).get_by_label("Votre message").press("Escape")
    expect(launcher(page)).to_be_focused()
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(frame(page).get_by_text(SENTENCE)).to_be_visible()
    assert paths.count("/api/widget/v1/init") == 1

    # The same page again, then another page of the site.
    page.reload()
    launcher(page).click()
    expect(frame(page).get_by_text(SENTENCE)).to_be_visible()
    page.goto(site.origin("localhost") + "/autre")
    launcher(page).click()
    expect(frame(page).get_by_text(SENTENCE)).to_be_visible()
    say(page, "Sur quelle durée ?")

    page.evaluate("AiManagerWidget.destroy()")
    site.page("/nue", "")
    left = json.loads(page.evaluate("traces()"))
    page.goto(site.origin("localhost") + "/nue")
    bare = json.loads(page.evaluate("traces()"))
    assert left == [bare[0] + 2, *bare[1:]], "its two script tags are the page's own"
    assert errors == []


def test_several_widgets_and_their_methods(live: Stack, site: Site, at_desk: BrowserContext) -> None:
    """A queue, an inline widget beside a floating one, files, and a single-page application that mounts and unmounts."""
    style = "<style>#chat{height:520px;width:420px;margin-left:700px}</style>"
    queue = f"<script>{RECORDER}AiManagerWidget.q.push(['setContext', {{devis: 'D-1'}}], ['sendMessage', '{SENTENCE}'])</script>"
    inline = tag(live, "support", position="inline", container_selector="#chat")
    both = tag(live, position="bottom-left", theme="dark") + inline
    site.page("/", style + queue + both.replace(" async", " defer"))
    page = at_desk.new_page()
    paths = asked(page, live)
    page.goto(site.origin("localhost"))
    floating, inside = page.locator("body > [role=region]"), page.locator("#chat > div")

    # What was asked before the loader came is done: it opens and sends.
    shown = floating.frame_locator("iframe")
    answered(shown)
    expect(shown.locator("html")).to_have_attribute("data-theme", "dark")
    assert floating.bounding_box()["x"] < 100  # type: ignore[index]

    # The inline one fills its container at once, and opens a session only when somebody enters it.
    second = inside.frame_locator("iframe")
    expect(second.get_by_label("Votre message")).to_be_visible()
    assert page.locator("#chat iframe").bounding_box() == page.locator("#chat").bounding_box()
    assert paths.count("/api/widget/v1/init") == 1
    second.get_by_label("Votre message").click()
    expect(second.locator("#log")).to_have_attribute("aria-busy", "false")
    second.get_by_label("Votre message").fill("Bonjour")
    second.get_by_role("button", name="Envoyer le message").click()
    expect(second.locator("#messages .from-visitor")).to_have_count(1)
    answered(second)
    assert paths.count("/api/widget/v1/init") == 2 and kept(page)[0] == 2
    expect(shown.locator("#messages .from-visitor")).to_have_count(1)

    sent = page.evaluate(PICTURE)
    assert sent["id"].startswith("file_") and page.request.get(sent["url"]).ok
    assert heard(page, "file:uploading") and heard(page, "file:uploaded")[0]["id"] == sent["id"]  # type: ignore[index]
    refused = page.evaluate(
        "AiManagerWidget.uploadFile(new File(['x'], 'notes.txt', {type: 'text/plain'})).catch((error) => ({ refused: error.code }))"
    )
    assert refused["refused"] and len(heard(page, "file:error")) == 1
    page.evaluate("AiManagerWidget.close()")
    expect(launcher(page).first).to_have_attribute("aria-expanded", "false")

    page.evaluate(AXE.read_text(encoding="utf-8"))
    for _ in ("closed", "open"):
        assert page.evaluate(RUN.replace("document", "{include: ['[role=region]', '#chat']}", 1)) == []
        page.evaluate("AiManagerWidget.toggle()")

    # Unmounted one after the other; mounted again from a script tag, as a view of an application does.
    page.evaluate("AiManager.widgets.slice().forEach((widget) => widget.destroy())")
    expect(page.locator("iframe")).to_have_count(0)
    expect(page.locator("[role=region], #chat > *")).to_have_count(0)
    assert page.evaluate("[typeof AiManager, typeof AiManagerWidget]") == ["undefined", "undefined"]
    page.evaluate(
        """([src, key]) => { const tag = Object.assign(document.createElement("script"), { src });
        tag.dataset.deploymentKey = key; document.body.append(tag); }""",
        [f"{live.base_url}/widget/v1/loader.js", live.demo["deployments"]["expert_btp"]],
    )
    launcher(page).click()
    expect(frame(page).get_by_text(SENTENCE)).to_be_visible()


ASK = """([base, key, kind]) => fetch(base + "/api/widget/v1/init", {method: "POST", headers: {"Content-Type": kind},
  body: JSON.stringify({deployment_key: key})}).then(() => "read", () => "refused")"""
SHOW = """(src) => new Promise((done) => {
  const frame = Object.assign(document.createElement("iframe"), { src, onload: done });
  document.body.append(frame);
})"""
SITES = {
    "app.ebp.com": True,
    "devis.pro.ebp.example": True,  # by *.ebp.example
    "ebp.example": False,
    "evilebp.example": False,
    "evilapp.ebp.com": False,
    "app.ebp.com.evil.com": False,
    "app.ebp.com:8443": False,
}


def test_another_site_is_refused_twice(live: Stack, browser: Browser) -> None:
    """By CORS where the session is asked for, and by frame-ancestors where the page is shown; look-alikes too."""
    key = live.demo["deployments"]["expert_btp"]
    wildcard = (
        "INSERT INTO allowed_domains (id, deployment_id, editor_id, host, is_wildcard, environment, is_active, created_at) "
        "SELECT 'dom_of_the_widget_test', id, editor_id, 'ebp.example', true, 'production', true, now() FROM deployments WHERE id = %s"
    )
    with changed(wildcard, "DELETE FROM allowed_domains WHERE id = 'dom_of_the_widget_test' AND deployment_id = %s", key):
        home = PAGE.format(scripts=f"<script>{RECORDER}AiManagerWidget.q.push(['open'])</script>{tag(live)}")
        for host, allowed in SITES.items():
            context = desktop(browser)
            with suppress(Error):  # a browser that does not ask before a site may reach this machine has no such permission
                context.grant_permissions(["local-network-access"], origin=f"https://{host}")
            context.route(f"https://{host}/**", lambda route: route.fulfill(body=home, content_type="text/html"))
            page = context.new_page()
            said: list[str] = []
            page.on("console", lambda message, said=said: said.append(message.text))
            page.goto(f"https://{host}/")
            page.wait_for_function("window.heard.some(([name]) => name === 'open' || name === 'error')")
            assert page.locator("[role=region]").count() == allowed, host
            # What the loader does, done by hand; without a preflight the call arrives, and its answer cannot be read either.
            for kind in ("application/json", "text/plain"):
                assert page.evaluate(ASK, [live.base_url, key, kind]) == ("read" if allowed else "refused"), (host, kind)
            page.evaluate(SHOW, f"{live.base_url}/embed/{key}?origin=https://{host}")
            shown = [one for one in page.frames[1:] if not one.url.startswith("chrome-error:") and one.locator("#composer").count()]
            assert len(shown) == (2 if allowed else 0), host
            assert any("frame-ancestors" in text for text in said) != allowed, (host, said)
            assert allowed or (any("CORS policy" in text for text in said) and kept(page) == [0, 0, 0])
            context.close()


@pytest.mark.parametrize("refused", ["third parties", "everything"])
def test_storage_may_be_refused(live: Stack, site: Site, browser: Browser, tmp_path: Path, refused: str) -> None:
    """Third-party storage blocked, as Safari does; then all storage of the page as well."""
    profile = {"block_third_party_cookies": True, "cookie_controls_mode": 1}
    if refused == "everything":
        profile["default_content_setting_values"] = {"cookies": 2}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps({"profile": profile}), encoding="utf-8")
    site.page("/", f"<script>{RECORDER}</script>{tag(live)}")
    context = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=chromium(), args=FLAGS, headless=True, locale="fr-FR", viewport={"width": 1200, "height": 900}
    )
    try:
        page = context.new_page()
        page.goto(site.origin("localhost"))
        blocked = page.evaluate("(() => { try { localStorage.length; return false; } catch { return true; } })()")
        assert blocked == (refused == "everything")
        launcher(page).click()
        say(page, SENTENCE)
        launcher(page).click()
        launcher(page).click()
        expect(frame(page).get_by_text(SENTENCE)).to_be_visible()
        if not blocked:
            page.reload()
            launcher(page).click()
            expect(frame(page).get_by_text(SENTENCE)).to_be_visible()
        assert heard(page, "error") == []
    finally:
        context.close()


def within_five_seconds(look: Callable[[], None]) -> None:
    start = time.monotonic()
    look()
    assert time.monotonic() - start < WITHIN_MS / 1000


def test_an_open_widget_says_what_ended_it(live: Stack, site: Site, browser: Browser) -> None:
    """On a phone, where the frame fills the screen; each end has words of its own, and what can be mended goes on by itself."""
    key = live.demo["deployments"]["expert_btp"]
    site.page("/", f"<script>{RECORDER}</script>{tag(live)}")
    context = phone(browser)
    page = context.new_page()
    page.goto(site.origin("localhost"))
    launcher(page).click()
    say(page, SENTENCE)
    assert page.locator("iframe").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    panel, composer = frame(page).locator("#panel"), frame(page).get_by_label("Votre message")

    def told(words: str) -> None:
        expect(panel).to_contain_text(words, timeout=WITHIN_MS)

    switch = "UPDATE deployments SET is_active = {} WHERE id = %s"
    with changed(switch.format("false"), switch.format("true"), key):
        within_five_seconds(lambda: told("en pause"))
    expect(composer).to_be_visible(timeout=10_000)
    account = "UPDATE users SET status = '{}' WHERE id = (SELECT editor_id FROM deployments WHERE id = %s)"
    with changed(account.format("suspended"), account.format("active"), key):
        within_five_seconds(lambda: told("suspendu"))
    expect(composer).to_be_visible(timeout=10_000)

    session_id = page.evaluate("JSON.parse(localStorage[Object.keys(localStorage)[0]]).session_id")
    age = "UPDATE sessions SET last_activity_at = now() - interval '{}' WHERE id = %s"
    with changed(age.format("31 days"), age.format("1 hour"), session_id):
        within_five_seconds(lambda: told("expiré"))
        assert [error["code"] for error in heard(page, "error")] == ["deactivated", "suspended", "expired"]  # type: ignore[index]
        panel.get_by_role("button").last.click()
        expect(composer).to_be_visible()
        say(page, "Je recommence : repeindre le salon, 20 m²")
        expect(frame(page).get_by_text(SENTENCE)).to_have_count(0)

    token = make_token(live.base_url, live.demo)
    link = context.new_page()
    link.goto(f"{live.base_url}/s/{token}")
    expect(link.get_by_label("Votre message")).to_be_visible()
    link.wait_for_timeout(300)
    revoke = "UPDATE session_links SET revoked_at = {} WHERE id = %s"
    with changed(revoke.format("now()"), revoke.format("NULL"), f"lnk_{token[:20]}"):
        within_five_seconds(lambda: expect(link.locator("#panel")).to_contain_text("plus actif", timeout=WITHIN_MS))
    context.close()
