"""From login to a green badge on a phone, in at most six actions (issue 4), then everything else the page does, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.test_main_journey import sign_in
from tests.support.browser import phone
from tests.support.model_server import ModelServer, Reply, failing, model_server
from tests.support.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.committed]
KEY = "sk-parcours-0123456789abcdef"
MOST = 6


class Hand:
    """A person's hand: counts what it does."""

    def __init__(self) -> None:
        self.actions: list[str] = []

    def click(self, target: Locator) -> None:
        self.actions.append(f"click {target}")
        target.click()

    def fill(self, target: Locator, text: str) -> None:
        self.actions.append(f"fill {target}")
        target.fill(text)


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with model_server(("bearer", "", KEY)) as server:
        server._scripts = {"maison": lambda body: Reply()}
        yield server


@pytest.fixture
def page(live: Stack, browser: Browser) -> Iterator[Page]:
    context = phone(browser)
    page = sign_in(context, live, "editeur2")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []
    context.close()


def test_the_account_menu_writes_an_address_whole(page: Page) -> None:
    page.locator("summary", has_text="Votre compte").click()
    address = page.locator(".menu-person span")
    assert "<wbr>@" in address.inner_html()
    address.evaluate("(span) => { span.textContent = 'marc.durant@durant-peinture-et-fils.example' }")
    assert address.evaluate("(span) => span.getBoundingClientRect().height < 2 * parseFloat(getComputedStyle(span).fontSize)")
    assert address.evaluate("(span) => span.closest('.menu-panel').getBoundingClientRect().left >= 0")


def test_from_login_to_a_green_badge_in_six_actions(page: Page, models: ModelServer) -> None:
    hand = Hand()
    hand.click(page.get_by_role("button", name="Ouvrir le menu"))
    hand.click(page.get_by_role("link", name="Centre de pilotage"))
    hand.click(page.get_by_role("link", name="Serveur compatible OpenAI"))
    hand.fill(page.get_by_label("Adresse du serveur"), models.base_url)
    hand.fill(page.get_by_label("Clé d’API", exact=True), KEY)
    hand.click(page.get_by_role("button", name="Enregistrer, activer et tester"))
    badge = page.locator("#etat")
    expect(badge).to_contain_text("Prêt")
    assert len(hand.actions) <= MOST, hand.actions
    expect(badge.locator(".pill-ok")).to_be_visible()
    expect(badge).to_contain_text("Clé acceptée")
    expect(badge).to_contain_text("Modèle maison accessible")
    assert KEY not in page.content()

    # The provider fails: the badge says so in place, without another page; then it works again.
    models._scripts["maison"] = lambda body: failing(500, "server_error")
    page.get_by_role("button", name="Tester la configuration active").click()
    expect(badge).to_contain_text("Ne répond pas")
    expect(badge).to_contain_text("HTTP 500")
    models._scripts["maison"] = lambda body: Reply(first=0.7)
    page.get_by_role("button", name="Tester la configuration active").click()
    expect(badge.get_by_role("status")).to_be_visible()
    expect(badge).to_contain_text("Prêt")
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

    page.get_by_role("link", name="Ajouter", exact=True).click()
    page.get_by_label("Nom", exact=True).fill("Devis")
    page.get_by_label("Instructions", exact=True).fill("Soyez bref.")
    page.get_by_role("button", name="Enregistrer les instructions").click()
    page.get_by_role("button", name="Activer Devis").click()
    expect(page.locator("#instructions")).to_contain_text("Active")

    page.get_by_role("button", name="Supprimer la clé Serveur compatible OpenAI").click()
    page.get_by_role("button", name="Supprimer la clé", exact=True).click()
    expect(badge).to_contain_text("Clé manquante")
    page.get_by_role("button", name="Désactiver", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Désactiver", exact=True).click()
    expect(badge).to_contain_text("Modèle de la plateforme")
    page.get_by_role("link", name="Diagnostics").click()
    expect(page.locator("#liste")).to_contain_text("HTTP 500")
