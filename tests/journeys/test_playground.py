"""A draft is tried before it is saved, then compared with what was there: in a browser, on a model that takes its time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import environment, redis_url
from tests.support.browser import desktop
from tests.support.model_server import ModelServer, Reply, model_server
from tests.support.stack import Stack, make_stack, wait_until

pytestmark = pytest.mark.committed
ANSWER = " ".join(f"mot{number}" for number in range(40))


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server() as server:
        server.script("patient", Reply(text=ANSWER, gap=0.04))
        yield server


@pytest.fixture
def stack(database: str, tmp_path: Path, model: ModelServer) -> Iterator[Stack]:
    """The product, its platform's model being the stand-in's."""
    running = make_stack(
        environment(database, redis_url(2), tmp_path / "data", APP_ENV="development"),
        tmp_path,
        AI_BASE_URL=model.base_url,
        AI_MODEL="patient",
        AI_API_KEY="sk-test",
    )
    running.load_demo()
    running.start("web", "chat", "scheduler")
    running.wait_ready()
    yield running
    running.stop()


@pytest.fixture
def page(stack: Stack, browser: Browser) -> Iterator[Page]:
    """The administrator, signed in, in front of the playground; nothing may be wrong in the console."""
    context = desktop(browser)
    page = context.new_page()
    said: list[str] = []
    # A refused form is written down by the browser: that one is wanted.
    page.on("console", lambda message: said.append(message.text) if message.type == "error" and " 422 " not in message.text else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    account = stack.demo["accounts"]["admin"]
    page.goto(f"{stack.base_url}/connexion")
    page.get_by_label("Adresse e-mail").fill(account["email"])
    page.get_by_label("Mot de passe", exact=True).fill(account["password"])
    page.get_by_role("button", name="Se connecter").click()
    page.goto(f"{stack.base_url}/admin/agents")
    page.get_by_role("link", name="Expert BTP").first.click()
    page.get_by_role("link", name="Essai", exact=True).click()
    yield page
    context.close()
    assert said == []


def test_a_draft_is_tried_saved_and_compared(page: Page, stack: Stack, model: ModelServer) -> None:
    page.get_by_label("Instructions").fill("Tu réponds en un mot.")
    page.get_by_label("Température").fill("0,9")
    page.get_by_label("Votre message").fill("Bonjour")
    page.get_by_label("Votre message").press("Control+Enter")
    answer = page.locator("[sse-swap=texte]")
    expect(answer).to_contain_text("mot2")
    expect(page.get_by_role("button", name="Arrêter")).to_be_visible()
    assert "mot39" not in answer.inner_text()
    # What is typed meanwhile stays, the draft too.
    page.get_by_label("Votre message").fill("Et ensuite ?")
    figures = page.locator(".trial-figures")
    expect(figures).to_contain_text("premier mot en", timeout=15_000)
    expect(figures).to_contain_text("platform/patient")
    expect(figures).to_contain_text("120 jetons")
    expect(page.locator(".trial-answer .talk-bubble")).to_have_text(ANSWER)
    expect(page.get_by_label("Votre message")).to_have_value("Et ensuite ?")
    expect(page.get_by_label("Instructions")).to_have_value("Tu réponds en un mot.")
    assert model.asked[-1].body["temperature"] == 0.9
    page.get_by_text("Instructions envoyées").click()
    expect(page.locator(".trial-fold pre")).to_contain_text("Tu réponds en un mot.")

    model.script("patient", Reply(text=ANSWER, gap=0.3))  # long enough for the beat that hears of the stop, every 2 s
    page.get_by_role("button", name="Envoyer").click()
    page.get_by_role("button", name="Arrêter").click()
    expect(page.get_by_text("Réponse arrêtée")).to_be_visible(timeout=15_000)

    page.get_by_label("Température").fill("9")
    page.get_by_label("Votre message").fill("Trop chaud")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator("#temperature-error")).to_be_visible()
    expect(page.get_by_label("Votre message")).to_have_value("Trop chaud")
    page.get_by_label("Température").fill("0,9")
    page.get_by_label("Pourquoi ce changement").fill("En un mot")
    page.get_by_role("button", name="Enregistrer ce brouillon").click()
    expect(page.get_by_text("Nouvelle version enregistrée")).to_be_visible()

    model.script("patient", Reply(text="Quelle est la surface ?", first=1.0))
    page.get_by_role("link", name="Questions", exact=True).click()
    expect(page.get_by_label("Version B")).to_have_value("2")
    page.get_by_role("button", name="Lancer la comparaison").click()
    expect(page.get_by_text("En cours").first).to_be_visible()
    # The worker dies with answers in its hands: they are taken up by the next one.
    asked = len(model.asked)
    wait_until(lambda: len(model.asked) > asked, what="the model is asked")
    stack.kill("chat")
    stack.start("chat")
    expect(page.get_by_text("10 sur 10")).to_be_visible(timeout=60_000)
    expect(page.locator("#resultat")).not_to_have_attribute("hx-trigger", re.compile("every"))
    # One answer serves « Contient : surface » and the two « Refuse », on both sides.
    expect(page.get_by_text("3 sur 5")).to_have_count(2)
    expect(page.get_by_text("Réussi", exact=True)).to_have_count(6)
