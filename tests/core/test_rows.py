"""Rows written past the unit of work end as a flush would have left them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.agents.models import Agent
from app.core.acting import platform
from app.core.rows import insert_row, mark_changed
from app.core.transaction import transaction
from app.extensions import db
from app.web.house import House


@pytest.fixture
def agent(house: House) -> str:
    with transaction(platform("demo")):
        made = Agent(slug="essai", name="Essai", system_prompt="Bonjour")
        insert_row(made)
        assert made.id.startswith("agt_") and made.created_at is not None, "defaults are filled in, in the object too"
        return made.id


def read(agent_id: str) -> Agent:
    with transaction(platform("demo")):
        return db.session.scalars(select(Agent).where(Agent.id == agent_id)).one()


def test_defaults_are_those_of_a_flush(agent: str) -> None:
    found = read(agent)
    assert (found.model, found.max_tokens, found.tools, found.is_active) == ("inherit", 1500, [], True)


def test_what_a_statement_changed_is_in_the_object_and_not_written_again(agent: str) -> None:
    with transaction(platform("demo")):
        found = db.session.get_one(Agent, agent)
        mark_changed(found, {"name": "Autre"})
        assert found.name == "Autre" and found not in db.session.dirty
    assert read(agent).name == "Essai"
