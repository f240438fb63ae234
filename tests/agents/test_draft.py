"""An agent as it is about to be saved, for trying it before."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.agents.draft import draft_agent
from app.agents.models import Agent
from app.answering.config import resolve
from app.core.acting import Actor
from app.core.errors import InvalidError
from app.core.transaction import transaction
from app.extensions import db
from app.llm.gateway import LOCAL


def test_a_draft_is_the_agent_with_what_is_typed_and_keeps_nothing(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        agent = db.session.get_one(Agent, agent_id)
        draft = draft_agent(agent, {"system_prompt": "Essai\r\n", "temperature": 1.2, "tools": ["rechercher_prix"], "name": "Autre"})
        assert (draft.id, draft.name, draft.system_prompt, draft.temperature) == (agent_id, "Autre", "Essai", Decimal("1.2"))
        assert (draft.tools, draft.max_tokens, agent.system_prompt) == (("rechercher_prix",), 1500, "Sois bref.")
        assert agent not in db.session.dirty


def test_a_draft_answers_as_an_agent_does(admin: Actor) -> None:
    with transaction(admin):
        draft = draft_agent(None, {"system_prompt": "Bonjour", "model": "local", "top_p": 0.5})
        config = resolve(draft, {}, dedicated=False, platform=None)  # type: ignore[arg-type]
        assert (config.system_prompt, config.choices, config.top_p, config.tools) == ("Bonjour", (LOCAL,), 0.5, ())


def test_what_saving_would_refuse_is_refused(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        with pytest.raises(InvalidError) as error:
            draft_agent(db.session.get_one(Agent, agent_id), {"temperature": 9, "system_prompt": "", "slug": "Sans effet ici"})
        assert sorted(error.value.fields) == ["system_prompt", "temperature"]
