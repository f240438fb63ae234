"""The history of an agent's prompt: one version per change, one of them active (000)."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.agents.editing import change_agent
from app.agents.models import Agent, PromptVersion
from app.agents.versions import MAX_NOTE, activate_version, active_version, latest_number, version_of, versions_of
from app.audit.models import AuditEntry
from app.core.acting import Actor
from app.core.errors import NotFoundError
from app.core.text_diff import compare_lines
from app.core.transaction import transaction
from app.extensions import db
from app.web.house import House
from tests.factories import committing


def agent_of(agent_id: str) -> Agent:
    return db.session.get_one(Agent, agent_id)


def test_a_changed_prompt_makes_a_version_and_nothing_else_does(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        change_agent(agent_of(agent_id), {"temperature": 0.9}, "Sans effet")
        assert latest_number(agent_id) == 1
        change_agent(agent_of(agent_id), {"system_prompt": "Sois long.\r\nEt clair."}, f"  Plus <b>long</b> {'x' * 300}")
        newest = versions_of(agent_id)[0]
        assert (newest.version, newest.system_prompt, newest.author_id, newest.is_active) == (
            2,
            "Sois long.\nEt clair.",
            admin.user_id,
            True,
        )
        assert newest.note.startswith("Plus long") and len(newest.note) == MAX_NOTE
        assert [version.is_active for version in versions_of(agent_id)] == [True, False]


def test_an_older_version_becomes_the_one_in_force(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        change_agent(agent_of(agent_id), {"system_prompt": "Deux"})
        change_agent(agent_of(agent_id), {"system_prompt": "Trois"})
    with transaction(admin):
        agent = agent_of(agent_id)
        before = agent.updated_at
        assert activate_version(agent, 1)
        assert (agent.system_prompt, active_version(agent_id).version, latest_number(agent_id)) == ("Sois bref.", 1, 3)  # type: ignore[union-attr]
        assert agent.updated_at > before, "a form that shows the other prompt is stale"
        assert not activate_version(agent, 1)
        change_agent(agent, {"system_prompt": "Quatre"})
        assert [(version.version, version.is_active) for version in versions_of(agent_id)] == [
            (4, True),
            (3, False),
            (2, False),
            (1, False),
        ]
        with pytest.raises(NotFoundError):
            activate_version(agent, 9)
    with committing():
        told = db.session.scalars(db.select(AuditEntry.details).where(AuditEntry.action == "agent.version_activated")).one()
        assert told["version"] == 1


def test_an_agent_without_history_keeps_what_it_said_before(admin: Actor, house: House) -> None:
    with committing():
        agent = Agent(slug="ancien", name="Ancien", system_prompt="Avant")
        db.session.add(agent)
        db.session.flush()
        agent_id = agent.id
    with transaction(admin):
        assert active_version(agent_id) is None
        change_agent(agent_of(agent_id), {"system_prompt": "Après"}, "Relu")
        assert [(one.system_prompt, one.note) for one in versions_of(agent_id)] == [
            ("Après", "Relu"),
            ("Avant", "Avant la première modification"),
        ]


def test_what_was_said_stays_said_and_one_version_is_active(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        change_agent(agent_of(agent_id), {"system_prompt": "Deux"})
    for statement in (
        "UPDATE prompt_versions SET system_prompt = 'Autre' WHERE agent_id = :id",
        "UPDATE prompt_versions SET note = 'Autre' WHERE agent_id = :id",
        "UPDATE prompt_versions SET version = version + 10 WHERE agent_id = :id",
        "UPDATE prompt_versions SET is_active = true WHERE agent_id = :id",
    ):
        with pytest.raises(DBAPIError), transaction(admin):
            db.session.execute(text(statement), {"id": agent_id})
    with transaction(admin):
        assert db.session.execute(text("DELETE FROM prompt_versions")).rowcount == 0  # type: ignore[attr-defined]
        assert version_of(agent_id, 1).system_prompt == "Sois bref."
        assert db.session.scalar(db.select(db.func.count()).select_from(PromptVersion).where(PromptVersion.agent_id == agent_id)) == 2


def test_versions_are_compared_line_by_line_and_word_by_word() -> None:
    lines = compare_lines(["Sois bref.", "Parle du prix.", "Fin"], ["Sois clair.", "Fin", "Merci"])
    assert [line.kind for line in lines] == ["rewritten", "removed", "same", "added"]
    assert [text for own, text in lines[0].after if own] == ["clair"]
