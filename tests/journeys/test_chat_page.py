"""The chat page in a real browser: keyboard, screen readers, zoom, virtual keyboard, what an answer may show, how it is closed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.journeys.test_main_journey import SENTENCE
from tests.support.browser import desktop, phone
from tests.support.chat import make_token
from tests.support.stack import Stack, changed

pytestmark = [pytest.mark.browser, pytest.mark.committed]
# A screen reader's ear: every sentence put in the live region, once.
LISTEN = """window.said = [];
document.addEventListener('DOMContentLoaded', () => new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) window.said.push(node.textContent);
}).observe(document.getElementById('live'), { childList: true, subtree: true }));"""
# A keyboard that rises over the page: the visual viewport shrinks and slides, the layout viewport does not.
KEYBOARD = """([height, top]) => {
  Object.defineProperties(visualViewport, { height: { value: height, configurable: true }, offsetTop: { value: top, configurable: true } });
  visualViewport.dispatchEvent(new Event('resize'));
}"""
DRAW = """async (source) => {
  const base = '/static/chat/';
  await (await import(base + 'words.js')).speak();
  const box = document.createElement('div');
  (await import(base + 'markdown.js')).drawMarkdown(box, source);
  return box.innerHTML;
}"""
CLEAN = """async (html) => {
  const { clean } = await import('/static/chat/markdown.js');
  const box = new DOMParser().parseFromString('<p>' + html + '</p>', 'text/html').body.firstChild;
  return clean(box).outerHTML;
}"""
OPENED = 'rel="noopener nofollow noreferrer" target="_blank"'


@pytest.fixture
def at_desk(browser: Browser) -> Iterator[BrowserContext]:
    context = desktop(browser)
    context.add_init_script(LISTEN)
    yield context
    context.close()


@pytest.fixture
def on_phone(browser: Browser) -> Iterator[BrowserContext]:
    context = phone(browser)
    yield context
    context.close()


def opened(context: BrowserContext, live: Stack, query: str = "") -> tuple[Page, str]:
    """A link's page whose session is open, and its token."""
    token = make_token(live.base_url, live.demo)
    page = context.new_page()
    page.goto(f"{live.base_url}/s/{token}{query}")
    expect(page.locator("#log")).to_have_attribute("aria-busy", "false")
    return page, token


def say(page: Page, sentence: str) -> None:
    """Write, and wait until the answer is whole."""
    page.locator("#text").fill(sentence)
    page.locator("#send").click()
    expect(page.locator("#messages > li").last.locator(".rating")).to_be_visible(timeout=15_000)


def test_everything_is_done_by_keyboard(live: Stack, at_desk: BrowserContext) -> None:
    page, _ = opened(at_desk, live)
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type(SENTENCE)
    page.keyboard.press("Shift+Enter")
    assert page.locator("#text").input_value().endswith("\n")
    page.keyboard.press("Enter")
    expect(page.locator("#messages > li").last.locator(".rating")).to_be_visible(timeout=15_000)
    expect(page.locator("#text")).to_be_focused()

    # Every control is reached, in the order in which it is seen, and shows its focus.
    page.locator("#title").focus()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.getAttribute('aria-label') || ''"))
        if reached[-1]:
            style = page.evaluate(
                "(() => { const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)] })()"
            )
            assert style[0] != "none" and style[1] >= 2, reached[-1]
    order = ["menu", "log", "Réponse utile", "Réponse pas utile", "attach", "text", "send"]
    assert [name for name in reached if name in order][: len(order)] == order

    # A sheet keeps the focus, and gives it back where it was.
    page.locator("#menu").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("heading")).to_be_focused()
    for _ in range(15):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name=re.compile("Recevoir la conversation")).press("Enter")
    expect(page.get_by_label(re.compile("Votre adresse"))).to_be_focused()


def test_a_reply_is_heard_sentence_by_sentence(live: Stack, at_desk: BrowserContext) -> None:
    page, _ = opened(at_desk, live)
    assert page.locator("[aria-live]:not(#live), [role=status], [role=alert], [role=log]").count() == 0
    assert page.locator("#live").get_attribute("aria-live") == "polite"
    say(page, SENTENCE)
    page.wait_for_timeout(200)
    said: list[str] = page.evaluate("window.said")
    shown = page.locator("#messages .from-agent .words").last.inner_text()
    sentences = [text for text in said if text.replace("\u202f", " ") in shown.replace("\u202f", " ").replace("\n", " ")]
    assert len(sentences) >= 2, said
    assert all(re.search(r"[.!?…:]$", text) for text in sentences), "a piece of a sentence was read aloud"
    assert len(said) == len(set(said)), "something was read twice"
    heard = re.sub(r"\s", "", "".join(sentences))
    assert heard == re.sub(r"\s", "", shown)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_motion_is_reduced_for_who_asks(live: Stack, browser: Browser, motion: str) -> None:
    context = browser.new_context(reduced_motion=motion, locale="fr-FR")  # type: ignore[arg-type]
    page, _ = opened(context, live)
    moving = page.evaluate("""() => {
      const box = document.getElementById('messages');
      box.innerHTML = '<li class="message from-agent"><div class="body"><div class="bubble typing"><p class="doing"><span class="dots"><i></i></span></p></div></div></li>';
      return [box, ...box.querySelectorAll('*')].some((e) => getComputedStyle(e).animationName !== 'none');
    }""")
    assert moving == (motion == "no-preference")
    context.close()


@pytest.mark.parametrize(("width", "height"), [(640, 360), (320, 256)], ids=["200 %", "400 %"])
@pytest.mark.parametrize("query", ["", "?locale=en"])
def test_zoomed_the_field_stays(live: Stack, browser: Browser, width: int, height: int, query: str) -> None:
    """A window of 1280 pixels, zoomed: nothing scrolls sideways, and one can read and write."""
    context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=2, locale="fr-FR")  # type: ignore[arg-type]
    page, _ = opened(context, live, query)
    say(page, SENTENCE)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth || document.getElementById('log').scrollWidth > innerWidth")
    for name in ("#text", "#send", "#attach", "#menu"):
        box = page.locator(name).bounding_box()
        assert box and box["x"] >= 0 and box["y"] >= 0 and box["x"] + box["width"] <= width and box["y"] + box["height"] <= height, name
    assert page.locator("#log").bounding_box()["height"] >= height / 4  # type: ignore[index]
    context.close()


def test_a_virtual_keyboard_never_hides_the_field(live: Stack, on_phone: BrowserContext) -> None:
    page, _ = opened(on_phone, live)
    assert page.evaluate("document.activeElement === document.body"), "a keyboard would open uninvited"
    assert page.evaluate("parseFloat(getComputedStyle(document.getElementById('text')).fontSize)") >= 16, "iOS would zoom in"
    say(page, SENTENCE)
    for height, top in ((430, 0), (380, 120), (844, 0)):
        page.evaluate(KEYBOARD, [height, top])
        page.wait_for_timeout(60)
        field, header = page.locator("#text").bounding_box(), page.locator(".bar").bounding_box()
        assert field and header
        assert top <= header["y"] and field["y"] + field["height"] <= top + height, (height, top)
        assert page.locator("#messages > li").last.bounding_box()["y"] < top + height  # type: ignore[index]


def test_the_button_that_stops_hides_nothing_of_the_answer(live: Stack, on_phone: BrowserContext) -> None:
    page, _ = opened(on_phone, live)
    say(page, SENTENCE)
    page.route(re.compile(r"/message/[^/]+/(stream|status)"), lambda route: None)
    page.locator("#text").fill("Je n’ai pas de photo")
    page.locator("#send").click()
    expect(page.locator("#stop")).to_be_visible()
    writing = page.locator("#messages > li").last
    expect(writing).to_contain_text("En train d’écrire")
    page.wait_for_function(
        "([written, stop]) => written.getBoundingClientRect().bottom <= stop.getBoundingClientRect().top",
        arg=[writing.element_handle(), page.locator("#stop").element_handle()],
        timeout=5_000,
    )


def test_a_failed_answer_is_tried_again_unless_a_later_one_heard_its_message(live: Stack, on_phone: BrowserContext) -> None:
    page, _ = opened(on_phone, live)
    say(page, SENTENCE)
    say(page, "Je n’ai pas de photo")
    broken = [0]

    def fail_one(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        replies = [message for message in body["data"].get("messages", []) if message["sender"] == "agent"]
        if replies:
            replies[broken[0]].update(status="failed", content="", pre_quote=None)
        route.fulfill(response=answer, json=body)

    page.route(re.compile(r"/s/[^/]+/session"), fail_one)
    for broken[0], buttons in ((0, 0), (-1, 1)):
        page.reload()
        expect(page.locator(".bubble.broken")).to_have_count(1)
        expect(page.locator("[data-key=retry]")).to_have_count(buttons)


def test_the_estimate_reads_well_and_invites_a_question(live: Stack, on_phone: BrowserContext) -> None:
    page, _ = opened(on_phone, live)
    say(page, SENTENCE)
    say(page, "Je n’ai pas de photo")
    expect(page.locator(".quote-detail").last).to_have_text(re.compile(r"· à\sconfirmer\s: surface des murs estimée à 20 m² \(2,5 × 8 m² au sol\)$"))
    page.get_by_role("button", name="Poser une question").click()
    field = page.locator("#text")
    expect(field).to_have_attribute("placeholder", "Votre question sur l’estimation")
    assert field.evaluate("field => field.scrollHeight <= field.clientHeight"), "the whole invitation is in sight"


def test_numbers_and_refusals_read_as_sentences(live: Stack, on_phone: BrowserContext) -> None:
    words = """async () => {
      const { T, speak } = await import('/static/chat/words.js');
      await speak();
      return [T.tooLong(2000), T.refused('a.jpg', 'Seules les photos sont acceptées.')];
    }"""
    page, _ = opened(on_phone, live)
    long, refused = page.evaluate(words)
    assert long.startswith("Message trop long de 2\u202f000\u00a0caractères.")
    assert refused == "«\u202fa.jpg\u202f» n’est pas accepté. Seules les photos sont acceptées."
    page.evaluate("document.documentElement.lang = 'en'")
    assert page.evaluate(words.replace("words.js", "words.js?en"))[0].startswith("Message too long by 2,000\u00a0characters.")


def test_an_answer_shows_what_the_list_allows(live: Stack, on_phone: BrowserContext) -> None:
    page, _ = opened(on_phone, live)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "evil" in request.url else None)
    for source, html in {
        "**gras** et\ntexte": "<p><strong>gras</strong> et<br>texte</p>",
        "- un\n- deux": "<ul><li>un</li><li>deux</li></ul>",
        "3. un\n4. deux": '<ol start="3"><li>un</li><li>deux</li></ol>',
        "# Titre": "<p><strong>Titre</strong></p>",
        "[Weber](https://weber.example/x)": f'<p><a href="https://weber.example/x" {OPENED}>Weber (weber.example)</a></p>',
        "https://weber.example/x.": f'<p><a href="https://weber.example/x" {OPENED}>https://weber.example/x</a>.</p>',
        # Whatever a link's text says, its own host is shown.
        "[https://banque.example](https://evil.example/)": f'<p><a href="https://evil.example/" {OPENED}>https://banque.example (evil.example)</a></p>',
        "[banque.example/evil.example](https://evil.example)": f'<p><a href="https://evil.example/" {OPENED}>banque.example/evil.example (evil.example)</a></p>',
        "https://banque.example@evil.example/": f'<p><a href="https://banque.example@evil.example/" {OPENED}>https://banque.example@evil.example/ (evil.example)</a></p>',
        "[\u202egro.euqnab](https://evil.example)": f'<p><a href="https://evil.example/" {OPENED}>gro.euqnab (evil.example)</a></p>',
        "[](https://evil.example)": f'<p><a href="https://evil.example/" {OPENED}>lien (evil.example)</a></p>',
        # No image, no HTML, no other scheme.
        "![photo](https://evil.example/a.png)": "<p>photo</p>",
        "[x](javascript:alert(1))": "<p>x</p>",
        "[x](data:text/html,evil)": "<p>x</p>",
        "[x](JaVaScRiPt:alert)": "<p>x</p>",
        "[x](//evil.example)": "<p>x</p>",
        "<img src=https://evil.example/a onerror=alert(1)>": None,
        "<script>alert(1)</script>": "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
        '[a](https://evil.example/"onmouseover="alert(1))': None,
    }.items():
        drawn = page.evaluate(DRAW, source)
        assert html is None or drawn == html, source
        assert not re.search(r"<(?!/?(p|br|strong|ul|ol|li|a)\b)", drawn), source
        assert not re.search(r"<a [^>]*\bon\w+=", drawn.replace("&quot;", "")) or "href" in drawn, source
    assert asked == []


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<img src=x onerror=alert(1)>a", "<p>a</p>"),
        ("<a href='javascript:alert(1)'>a</a>", "<p>a</p>"),
        ("<a href='https://a.example/' onclick=alert(1) style=color:red>a</a>", '<p><a href="https://a.example/">a</a></p>'),
        ("<strong class=x>a<iframe src=//a.example></iframe></strong>", "<p><strong>a</strong></p>"),
    ],
)
def test_what_is_drawn_is_cleaned_last(live: Stack, on_phone: BrowserContext, html: str, kept: str) -> None:
    """Were the drawing ever wrong, the last step holds."""
    page, _ = opened(on_phone, live)
    assert page.evaluate(CLEAN, html) == kept


ENDS = {
    "expired": ("UPDATE session_links SET expires_at = now() - interval '1 hour' WHERE id = %s", "a expiré"),
    "revoked": ("UPDATE session_links SET revoked_at = now() WHERE id = %s", "n’est plus actif"),
    "deactivated": (
        "UPDATE deployments SET is_active = false WHERE id = (SELECT deployment_id FROM session_links WHERE id = %s)",
        "en pause",
    ),
    "suspended": ("UPDATE users SET status = 'suspended' WHERE id = (SELECT editor_id FROM session_links WHERE id = %s)", "suspendu"),
    "deleted": ("UPDATE sessions SET status = 'deleted' WHERE link_id = %s", "supprimée"),
}
UNDO = {
    "expired": "UPDATE session_links SET expires_at = now() + interval '1 day' WHERE id = %s",
    "revoked": "UPDATE session_links SET revoked_at = NULL WHERE id = %s",
    "deactivated": "UPDATE deployments SET is_active = true WHERE id = (SELECT deployment_id FROM session_links WHERE id = %s)",
    "suspended": "UPDATE users SET status = 'active' WHERE id = (SELECT editor_id FROM session_links WHERE id = %s)",
    "deleted": "UPDATE sessions SET status = 'open' WHERE link_id = %s",
}


@pytest.mark.parametrize("end", ENDS)
def test_an_open_page_says_how_it_was_closed(live: Stack, at_desk: BrowserContext, end: str) -> None:
    """Within five seconds, in words of its own, in the page, to a screen reader, and on the page that loads afterwards."""
    page, token = opened(at_desk, live)
    say(page, SENTENCE)
    page.locator("#text").fill("brouillon")
    sql, words = ENDS[end]
    with changed(sql, UNDO[end], f"lnk_{token[:20]}"):
        expect(page.locator("#panel")).to_contain_text(words, timeout=5000)
        expect(page.locator("#panel h2")).to_be_focused()
        expect(page.locator("#composer")).to_be_hidden()
        assert any(words in said for said in page.evaluate("window.said"))
        # What was written stays readable, unless it was erased.
        expect(page.locator("#messages .from-visitor")).to_have_count(0 if end == "deleted" else 1)
        again = at_desk.new_page()
        answer = again.goto(page.url)
        assert answer is not None and answer.status in (403, 410)
        expect(again.get_by_role("heading", level=1)).to_contain_text(words)
        again.close()
    if end in ("deactivated", "suspended"):
        expect(page.locator("#text")).to_be_visible(timeout=10_000)
        assert page.locator("#text").input_value() == "brouillon"


def test_a_page_that_nobody_sees_asks_nothing(live: Stack, at_desk: BrowserContext) -> None:
    page, _ = opened(at_desk, live)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.wait_for_timeout(5000)
    assert asked.count("state") == 1
    page.evaluate("Object.defineProperty(document, 'visibilityState', { get: () => window.seen ? 'visible' : 'hidden' })")
    asked.clear()
    page.wait_for_timeout(9000)
    assert asked == []
    at_desk.set_offline(True)
    page.evaluate("window.seen = true; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(4500)
    assert "state" not in asked
    at_desk.set_offline(False)
    expect(page.locator("#strip")).to_be_hidden()
    page.wait_for_timeout(4500)
    assert "state" in asked
