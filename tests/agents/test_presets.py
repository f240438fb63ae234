"""The agents that every installation begins with: the four of 000 and the two of 003, seeded once by a migration."""

from __future__ import annotations

import pytest

from app.agents.fields import SETTINGS, checked
from app.agents.models import Agent
from app.agents.versions import versions_of
from app.core.acting import Actor
from app.core.transaction import transaction
from app.extensions import db
from migrations.agents_0023 import PRESETS

NAMES = {
    "expert-btp": ("Expert BTP", "chat"),
    "support-client": ("Support Client", "chat"),
    "assistant-general": ("Assistant Général", "chat"),
    "createur-de-posts": ("Créateur de Posts", "content"),
    "analyste-de-performance": ("Analyste de Performance", "analysis"),
    "generateur-d-images": ("Générateur d’Images", "image"),
}


def test_the_six_are_there_in_service_with_a_first_version(admin: Actor) -> None:
    with transaction(admin):
        found = {agent.slug: agent for agent in db.session.scalars(db.select(Agent))}
        assert {slug: (agent.name, agent.category) for slug, agent in found.items()} == NAMES
        for agent in found.values():
            (version,) = versions_of(agent.id)
            assert (version.version, version.is_active, version.system_prompt) == (1, True, agent.system_prompt)
            assert agent.is_active and agent.is_public


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: str(preset["slug"]))
def test_each_could_have_been_written_in_the_form(admin: Actor, preset: dict[str, object]) -> None:
    with transaction(admin):
        assert checked({name: value for name, value in preset.items() if name in SETTINGS})
    assert "’" in str(preset["system_prompt"]) and "'" not in str(preset["system_prompt"])
