"""Rows written past the unit of work end as a flush would have left them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.agents.models import Agent
from app.core.acting import platform
from app.core.rows import change_row, insert_row
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


def test_a_change_is_in_the_object_and_in_the_database_and_not_written_again(agent: str) -> None:
    with transaction(platform("demo")):
        found = db.session.get_one(Agent, agent)
        change_row(found, name="Autre", tools=["rechercher_prix"])
        assert (found.name, found.tools) == ("Autre", ["rechercher_prix"])
        assert found not in db.session.dirty
    assert (read(agent).name, read(agent).tools) == ("Autre", ["rechercher_prix"])


def test_what_the_session_holds_goes_first(agent: str) -> None:
    with transaction(platform("demo")):
        found = db.session.get_one(Agent, agent)
        found.description = "Avant"
        change_row(found, name="Après")
        assert found not in db.session.dirty
    assert (read(agent).description, read(agent).name) == ("Avant", "Après")
