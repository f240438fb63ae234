"""The history of an agent's prompt: each change is a numbered version with its author and note; any of them may be the active one (000)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update

from app.agents.models import Agent, PromptVersion
from app.audit.service import record
from app.core import clock
from app.core.acting import current_actor
from app.core.errors import NotFoundError
from app.core.text import clean_line
from app.extensions import db

MAX_NOTE = 200


def versions_of(agent_id: str) -> Sequence[PromptVersion]:
    """Every version, the newest first."""
    return db.session.scalars(select(PromptVersion).where(PromptVersion.agent_id == agent_id).order_by(PromptVersion.version.desc())).all()


def version_of(agent_id: str, number: int) -> PromptVersion:
    """One version. Raises NotFoundError."""
    found = db.session.scalar(select(PromptVersion).where(PromptVersion.agent_id == agent_id, PromptVersion.version == number))
    if found is None:
        raise NotFoundError("Cette version n’existe pas.", code="unknown_version")
    return found


def active_version(agent_id: str) -> PromptVersion | None:
    """The version in force; None for an agent whose history was never begun."""
    return db.session.scalar(select(PromptVersion).where(PromptVersion.agent_id == agent_id, PromptVersion.is_active))


def latest_number(agent_id: str) -> int:
    """The number of the newest version; 0 before the first."""
    return db.session.scalar(select(func.max(PromptVersion.version)).where(PromptVersion.agent_id == agent_id)) or 0


def activate_version(agent: Agent, number: int) -> bool:
    """Make a version the one in force: the next replies follow it. False when it already is. Raises NotFoundError."""
    lock_agent(agent)
    version = version_of(agent.id, number)
    if version.is_active:
        return False
    _retire(agent.id)
    version.is_active = True
    agent.system_prompt, agent.updated_at = version.system_prompt, clock.now()
    db.session.flush()
    record("agent.version_activated", agent.id, name=agent.name, version=number)
    return True


def keep_version(agent: Agent, note: str = "") -> PromptVersion:
    """Make what the agent says now its newest version, and the active one. The caller holds the agent's lock."""
    actor = current_actor()
    _retire(agent.id)
    version = PromptVersion(
        agent_id=agent.id,
        version=latest_number(agent.id) + 1,
        system_prompt=agent.system_prompt,
        author_id=actor.user_id,
        author_name=actor.name,
        note=clean_line(note)[:MAX_NOTE],
        is_active=True,
    )
    db.session.add(version)
    db.session.flush()
    return version


def lock_agent(agent: Agent) -> None:
    """Whoever changes an agent waits for the one before him, and reads what he wrote."""
    db.session.flush()
    db.session.refresh(agent, with_for_update=True)


def _retire(agent_id: str) -> None:
    db.session.execute(update(PromptVersion).where(PromptVersion.agent_id == agent_id, PromptVersion.is_active).values(is_active=False))
