"""A model server for each test, and no client left open after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.llm.breaker import breaker
from app.llm.providers import transport
from app.llm.providers.clients import clients
from tests.support.model_server import ModelServer, model_server


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server
    clients.close()
    breaker.reset()


@pytest.fixture
def word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream is read as it comes, not in gathers."""
    monkeypatch.setattr(transport, "REST_SECONDS", 0.0)
    monkeypatch.setattr(transport, "REST_PER_STREAM", 0.0)
