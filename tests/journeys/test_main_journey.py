"""The main journey in a real browser on a phone (PRODUCT.md, The journey that must always work, steps 0 to 4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import random
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from standardwebhooks import Webhook

from tests.conftest import worker_number
from tests.support.browser import desktop, phone
from tests.support.databases import app_url
from tests.support.receiver import Received, Receiver
from tests.support.stack import Stack, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.committed]
SENTENCE = "Bonjour, je souhaite refaire ma salle de bain, 8 m², douche italienne, carrelage mural et sol"
HT, TTC = "5\u202f790,00\u00a0€", "6\u202f948,00\u00a0€"


def photo(path: Path, seed: int) -> Path:
    """A photo as a phone makes it: noise, EXIF and a GPS position."""
    noise = random.Random(seed)
    small = Image.frombytes("RGB", (64, 48), noise.randbytes(64 * 48 * 3))
    exif = Image.Exif()
    exif[0x010F] = "Telephone"
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 24.0)
    small.resize((2048, 1536)).save(path, "JPEG", exif=exif, quality=88)
    return path


def editor_api(live: Stack, method: str, path: str, who: str = "editeur", **arguments: object) -> requests.Response:
    headers = {"X-API-Key": live.demo["api_keys"][who]}
    return requests.request(method, f"{live.base_url}{path}", headers=headers, timeout=10, **arguments)  # type: ignore[arg-type]


def check_signatures(received: Received, secret: str) -> None:
    """Both signatures, by code that is not ours: `standardwebhooks`, and the seed's HMAC of the raw body."""
    Webhook(secret).verify(received.body, received.headers)
    expected = "sha256=" + hmac.new(secret.encode(), received.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(expected, received.headers["x-aimanager-signature"])
    assert base64.b64decode(secret.removeprefix("whsec_"))


def sign_in(context: BrowserContext, live: Stack, who: str) -> Page:
    page = context.new_page()
    account = live.demo["accounts"][who]
    page.goto(f"{live.base_url}/connexion")
    page.get_by_label("Adresse e-mail").fill(account["email"])
    page.get_by_label("Mot de passe", exact=True).fill(account["password"])
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url(lambda url: "/connexion" not in url)
    return page


@pytest.fixture
def token(live: Stack) -> str:
    made = editor_api(
        live,
        "POST",
        "/api/editor/sessions/create-link",
        json={
            "deployment_key": live.demo["deployments"]["expert_btp"],
            "artisan_external_id": live.demo["artisan_external_id"],
            "recipient": {"name": "M. Martin"},
        },
    )
    assert made.status_code == 201
    return made.json()["data"]["session_token"]


@pytest.fixture
def on_phone(browser: Browser) -> Iterator[BrowserContext]:
    context = phone(browser)
    yield context
    context.close()


@pytest.fixture
def at_desk(browser: Browser) -> Iterator[BrowserContext]:
    context = desktop(browser)
    yield context
    context.close()


def talk(page: Page, live: Stack, token: str, tmp_path: Path) -> None:
    """From the link to the pre-quote card."""
    page.goto(f"{live.base_url}/s/{token}")
    expect(page.get_by_role("heading", name="Durant Peinture")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("intelligence artificielle")
    page.get_by_label("Votre message").fill(SENTENCE)
    page.get_by_role("button", name="Envoyer le message").click()
    expect(page.locator(".from-agent").last).to_contain_text("photo", timeout=15_000)
    page.locator("#files").set_input_files([photo(tmp_path / "avant.jpg", 1), photo(tmp_path / "douche.jpg", 2)])
    expect(page.locator("#tray img")).to_have_count(2, timeout=15_000)
    page.get_by_role("button", name="Envoyer le message").click()
    card = page.locator(".quote")
    expect(card).to_contain_text(HT, timeout=20_000)
    expect(card).to_contain_text(TTC)


def test_the_journey(
    live: Stack, receiver: Receiver, token: str, on_phone: BrowserContext, at_desk: BrowserContext, tmp_path: Path
) -> None:
    hook = editor_api(
        live,
        "POST",
        "/api/editor/webhooks",
        json={"url": receiver.url, "events": ["project.created", "session.completed", "file.uploaded"]},
    )
    secret = hook.json()["data"]["secret"]
    page = on_phone.new_page()
    talk(page, live, token, tmp_path)

    created = wait_until(lambda: receiver.received("project.created"), seconds=15, what="project.created")[0]
    check_signatures(created, secret)
    data = created.json
    assert data["artisan"]["external_id"] == "DUR-001" and data["particulier"]["name"] == "M. Martin"
    assert (data["data"]["pre_quote"]["total_ht"], data["data"]["pre_quote"]["total_ttc"]) == (5790, 6948)
    assert b'"total_ht":5790.00' in created.body
    stored = requests.get(data["data"]["files"][0]["url"], timeout=10)
    assert stored.status_code == 200 and not Image.open(io.BytesIO(stored.content)).getexif()

    page.get_by_role("button", name="Cela me convient").click()
    completed = wait_until(lambda: receiver.received("session.completed"), seconds=15, what="session.completed")[0]
    check_signatures(completed, secret)
    session_id = data["session"]["id"]

    for who, portal in (("editeur", "editeur"), ("artisan", "artisan")):
        desk = at_desk.browser.new_context(locale="fr-FR") if at_desk.browser else at_desk
        seen = sign_in(desk, live, who)
        seen.goto(f"{live.base_url}/{portal}/conversations/{session_id}")
        expect(seen.locator("body")).to_contain_text(TTC)
        expect(seen.locator("body")).to_contain_text("Martin")
        desk.close()
    check_strangers(live, at_desk, session_id)
    check_particulier(live, page, on_phone, session_id)


def check_strangers(live: Stack, at_desk: BrowserContext, session_id: str) -> None:
    """A second editor, artisan and visitor: not by page, not by API, not by SQL."""
    browser = at_desk.browser
    assert browser is not None
    for who in ("editeur2", "artisan2"):
        context = browser.new_context()
        page = sign_in(context, live, who)
        answer = page.goto(f"{live.base_url}/{who.rstrip('2')}/conversations/{session_id}")
        assert answer is not None and answer.status == 404
        context.close()
    theirs = editor_api(live, "GET", "/api/editor/sessions", who="editeur2").json()["data"]
    assert session_id not in {row["id"] for row in theirs}
    widget = f"{live.base_url}/api/widget/v1/session/{session_id}/messages"
    assert requests.get(widget, headers={"X-Session-ID": session_id, "Authorization": "Bearer wrong"}, timeout=10).status_code == 401
    emails = {who: live.demo["accounts"][who]["email"] for who in ("editeur2", "artisan2", "editeur")}
    with psycopg.connect(app_url(f"live_{worker_number()}")) as connection:
        connection.execute("SELECT set_config('app.kind', 'platform', true)")
        ids = {who: connection.execute("SELECT id FROM users WHERE email = %s", (email,)).fetchone()[0] for who, email in emails.items()}  # type: ignore[index]
        connection.rollback()
        for who, expected in (("editeur2", 0), ("artisan2", 0), ("editeur", 1)):
            role = who.rstrip("2")
            connection.execute(
                "SELECT set_config('app.kind', 'user', true), set_config('app.role', %s, true), "
                "set_config('app.user', %s, true), set_config('app.account', %s, true)",
                (role, ids[who], ids[who]),
            )
            found = connection.execute("SELECT count(*) FROM sessions WHERE id = %s", (session_id,)).fetchone()
            assert found == (expected,), who
            connection.rollback()


def check_particulier(live: Stack, page: Page, on_phone: BrowserContext, session_id: str) -> None:
    """He asks for the transcript, opens its link, and finds his conversation in his own portal."""
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name=re.compile("Recevoir la conversation")).click()
    page.get_by_label(re.compile("Votre adresse")).fill("m.martin@example.com")
    page.get_by_role("button", name="Recevoir la conversation", exact=True).click()

    def magic() -> str | None:
        with psycopg.connect(app_url(f"live_{worker_number()}")) as connection:
            connection.execute("SELECT set_config('app.kind', 'platform', true)")
            row = connection.execute("SELECT text FROM emails WHERE kind = 'transcript' ORDER BY created_at DESC LIMIT 1").fetchone()
        found = re.search(r"/connexion/lien/\w+", row[0]) if row else None
        return found.group() if found else None

    link = wait_until(magic, seconds=15, what="the transcript's e-mail")
    own = on_phone.new_page()
    own.goto(f"{live.base_url}{link}")
    own.get_by_role("button").first.click()
    own.wait_for_url(re.compile("/particulier/"))
    own.goto(f"{live.base_url}/particulier/conversations/{session_id}")
    expect(own.locator("body")).to_contain_text(TTC)
