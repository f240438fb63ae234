"""An administrator, an agent, and a model server that the platform calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from app.agents.models import Agent
from app.core.acting import Actor
from app.core.transaction import Transaction, transaction
from app.evaluation import drafts
from app.evaluation.models import Trial
from app.extensions import db
from app.llm.breaker import breaker
from app.llm.gateway import ModelChoice
from app.llm.providers.clients import clients
from app.web.house import House
from tests.factories import actor_for, committing, make_agent, make_user
from tests.support.model_server import ModelServer, model_server


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """The platform's provider; its default model is « ok », any other of its behaviours is a model too."""
    with model_server() as server:
        monkeypatch.setattr(drafts, "platform_default", lambda: ModelChoice("platform", "ok", server.base_url, "sk-test"))
        yield server
    clients.close()
    breaker.reset()


@pytest.fixture
def admin(house: House) -> Actor:
    with committing():
        return actor_for(make_user("admin"), "admin")


@pytest.fixture
def agent_id(house: House) -> str:
    with committing():
        return make_agent().id


@pytest.fixture
def as_admin(admin: Actor) -> Callable[[], AbstractContextManager[Transaction]]:
    """A transaction of the administrator's."""
    return lambda: transaction(admin)


def agent(agent_id: str) -> Agent:
    return db.session.get_one(Agent, agent_id)


def trials(**wanted: str) -> list[Trial]:
    """The trials as they stand, read anew."""
    with committing():
        return list(db.session.scalars(db.select(Trial).filter_by(**wanted).order_by(Trial.position, Trial.side, Trial.created_at)))
