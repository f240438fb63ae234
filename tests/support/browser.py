"""A real Chromium, driven by playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}


def chromium() -> str:
    """The path of Chromium. Without one the test is skipped, or fails under REQUIRE_BROWSER=1."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found:
        return found
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail("Chromium is required and was not found")
    pytest.skip("Chromium is not installed")


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser for the time of the block."""
    path = chromium()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def phone(browser: Browser) -> BrowserContext:
    """A phone: 390 × 844, touch, French."""
    return browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True, locale="fr-FR", timezone_id="Europe/Paris")  # type: ignore[arg-type]


def desktop(browser: Browser) -> BrowserContext:
    """A desktop: 1440 × 900, French."""
    return browser.new_context(viewport=DESKTOP, locale="fr-FR", timezone_id="Europe/Paris")  # type: ignore[arg-type]
