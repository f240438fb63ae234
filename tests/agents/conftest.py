"""Who edits agents, and one to edit."""

from __future__ import annotations

import pytest

from app.agents.editing import create_agent
from app.core.acting import Actor
from app.core.transaction import transaction
from app.web.house import House
from tests.factories import actor_for, committing, make_user


@pytest.fixture
def admin(house: House) -> Actor:
    with committing():
        return actor_for(make_user("admin", name="Claire Morel"), "admin")


@pytest.fixture
def agent_id(admin: Actor) -> str:
    with transaction(admin):
        return create_agent({"name": "Conseiller piscine", "system_prompt": "Sois bref."}, "Pour commencer").id
