"""Agents made, changed, copied, switched, put away and taken back (000; PRODUCT.md, Agent)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.agents.fields import MAX_NAME, SETTINGS, checked
from app.agents.models import Agent
from app.agents.uses import Use, hold_uses, uses_of
from app.agents.versions import keep_version, latest_number, lock_agent
from app.audit.service import record
from app.core import clock
from app.core.errors import ConflictError, InvalidError
from app.core.text import fold
from app.extensions import db

SLUG_TAKEN = "Un autre agent porte cet identifiant."
REQUIRED = ("name", "system_prompt")
NOT_COPIED = ("name", "slug")


def create_agent(values: Mapping[str, Any], note: str = "") -> Agent:
    """A new agent, out of service until it is switched on, and its first version. Without a `slug` it gets one from its name.

    Raises InvalidError by field.
    """
    given = {name: values.get(name, "") for name in REQUIRED} | dict(values)
    if not given.get("slug"):
        given["slug"] = free_slug(str(given["name"]))
    agent = Agent(**{"is_active": False, **checked(given)})
    with _slug_still_free(agent.slug, None):
        db.session.add(agent)
        db.session.flush()
    keep_version(agent, note or "Création de l’agent")
    record("agent.created", agent.id, name=agent.name, slug=agent.slug)
    return agent


def change_agent(agent: Agent, values: Mapping[str, Any], note: str = "", *, base: datetime | None = None) -> list[str]:
    """Change some settings, in force at the next reply; a changed prompt makes a version. Returns the names of what changed.

    `base` is the `updated_at` that was read: raises ConflictError (`agent_changed`) when somebody saved another state since.
    Raises InvalidError by field.
    """
    lock_agent(agent)
    if base is not None and base != agent.updated_at:
        raise ConflictError("Quelqu’un a enregistré cet agent pendant que vous écriviez.", code="agent_changed")
    made = {name: value for name, value in checked(values, agent).items() if value != getattr(agent, name)}
    if not made:
        return []
    if "system_prompt" in made:
        _begin_history(agent)
    with _slug_still_free(made.get("slug"), agent.id):
        for name, value in made.items():
            setattr(agent, name, value)
        agent.updated_at = clock.now()
        db.session.flush()
    details = {"fields": ", ".join(sorted(made))}
    if "system_prompt" in made:
        details["version"] = str(keep_version(agent, note).version)
    record("agent.changed", agent.id, name=agent.name, **details)
    return sorted(made)


def duplicate_agent(agent: Agent) -> Agent:
    """A copy to work on: « (copie) », out of service, the platform's alone, without its grants nor its history."""
    copy = Agent(
        name=f"{agent.name[: MAX_NAME - 8]} (copie)",
        slug=free_slug(f"{agent.slug}-copie"),
        **{name: getattr(agent, name) for name in SETTINGS if name not in NOT_COPIED},
        default_branding={name: value for name, value in agent.default_branding.items() if "logo" not in name},
        whitelabel_config=dict(agent.whitelabel_config),
        is_active=False,
        is_public=False,
    )
    db.session.add(copy)
    db.session.flush()
    keep_version(copy, f"Copie de « {agent.name} »")
    record("agent.duplicated", copy.id, name=copy.name, copied_from=agent.id)
    return copy


def set_active(agent: Agent, active: bool) -> None:
    """Put it in service, or out of it: its deployments are told at once. Raises ConflictError `agent_archived`."""
    lock_agent(agent)
    if agent.archived_at is not None and active:
        raise ConflictError("Cet agent est archivé : restaurez-le d’abord.", code="agent_archived")
    if agent.is_active == active:
        return
    agent.is_active = active
    record("agent.switched", agent.id, name=agent.name, active=active)


def archive_agent(agent: Agent) -> None:
    """Put it away: out of service and out of the lists, kept for all that refers to it.

    Raises ConflictError `agent_in_use` with where: deployments in service, open conversations, grants in force.
    """
    hold_uses(agent.id)
    lock_agent(agent)
    if agent.archived_at is not None:
        return
    if uses := uses_of(agent.id):
        raise ConflictError(
            "Cet agent est utilisé : il ne peut pas être archivé.", code="agent_in_use", details={"uses": [_told(use) for use in uses]}
        )
    agent.is_active, agent.archived_at = False, clock.now()
    record("agent.archived", agent.id, name=agent.name)


def restore_agent(agent: Agent) -> None:
    """Take it back, out of service."""
    if agent.archived_at is None:
        return
    agent.archived_at = None
    record("agent.restored", agent.id, name=agent.name)


def free_slug(name: str) -> str:
    """An identifier made of a name, with a number when another agent has it."""
    base = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:50].strip("-") or "agent"
    taken = set(db.session.scalars(select(Agent.slug).where(Agent.slug.startswith(base, autoescape=True))))
    return next(slug for slug in (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))) if slug not in taken)


def _begin_history(agent: Agent) -> None:
    """An agent made without this context has no version yet: what it said so far is the first."""
    if latest_number(agent.id) == 0:
        keep_version(agent, "Avant la première modification")


def _told(use: Use) -> dict[str, str | None]:
    return {"kind": use.kind, "label": use.label, "editor": use.owner or None, "id": use.id or None}


@contextmanager
def _slug_still_free(slug: str | None, own_id: str | None) -> Iterator[None]:
    """Whether somebody has it already, or takes it at the same moment."""
    if slug and db.session.scalar(select(Agent.id).where(Agent.slug == slug, Agent.id != (own_id or ""))):
        raise InvalidError("L’agent est à corriger.", {"slug": [SLUG_TAKEN]})
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError as error:
        if "slug" not in str(error.orig):
            raise
        raise InvalidError("L’agent est à corriger.", {"slug": [SLUG_TAKEN]}) from None
