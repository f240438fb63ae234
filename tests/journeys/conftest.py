"""The product running for real, once per worker, for the journeys that do not break it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.conftest import environment, redis_url, worker_number
from tests.support.browser import launched
from tests.support.databases import copy_template
from tests.support.receiver import Receiver
from tests.support.stack import Stack, make_stack


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Web, workers and scheduler with the demo, on the built-in engine."""
    name = f"live_{worker_number()}"
    copy_template(name)
    folder = tmp_path_factory.mktemp("live")
    stack = make_stack(environment(name, redis_url(1), folder / "data", APP_ENV="development"), folder)
    stack.load_demo()
    stack.start("web", "chat", "heavy", "scheduler")
    stack.wait_ready()
    yield stack
    stack.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An editor's server."""
    server = Receiver()
    yield server
    server.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium per worker."""
    with launched() as started:
        yield started
