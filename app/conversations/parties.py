"""The people around one conversation, read once: names for words, ids for rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.agents.models import Agent
from app.conversations.models import Session, SessionLink
from app.core.identifiers import format_phone_fr
from app.deployments.branding import Names, resolve_branding
from app.deployments.models import Deployment
from app.deployments.overlay import shown_name
from app.extensions import db
from app.identity.models import EditorLink, User


@dataclass(frozen=True, slots=True)
class Scene:
    """Agent, deployment and companies of a conversation, as the acting visitor or job may read them."""

    agent: Agent
    deployment: Deployment
    editor: User | None
    artisan: User | None
    tie: EditorLink | None
    link: SessionLink | None

    @property
    def agent_name(self) -> str:
        """What the deployment calls its agent."""
        return shown_name(self.agent, self.deployment)

    @property
    def artisan_name(self) -> str:
        """The artisan's name, else the one the editor supplied, else the editor's."""
        if self.artisan:
            return self.artisan.display_name
        if self.tie:
            return self.tie.artisan_name
        return self.editor.display_name if self.editor else self.agent_name

    @property
    def artisan_phone(self) -> str | None:
        """E.164, or None."""
        if self.artisan and self.artisan.phone:
            return self.artisan.phone
        return self.tie.artisan_phone if self.tie else None

    @property
    def editor_name(self) -> str:
        """The editor's name; empty at the platform's own deployment."""
        return self.editor.display_name if self.editor else ""

    def branding(self, visitor_name: str | None) -> dict[str, Any]:
        """The resolved branding, with the names people read."""
        names = Names(
            agent=self.agent_name,
            editor=self.editor_name,
            artisan=self.artisan_name,
            artisan_phone=format_phone_fr(self.artisan_phone) if self.artisan_phone else "",
            particulier=visitor_name or "",
        )
        levels = [self.agent.default_branding, self.deployment.branding, self.artisan.branding if self.artisan else None]
        required = bool(self.agent.whitelabel_config.get("required_branding"))
        return resolve_branding([*levels, self.tie.branding if self.tie else None], names, required_branding=required)


def scene_of(
    *, deployment_id: str, editor_id: str | None, artisan_id: str | None, editor_link_id: str | None, link_id: str | None
) -> Scene:
    """Read the scene through the acting visitor's or job's own rights."""
    deployment, agent = db.session.execute(
        select(Deployment, Agent).join(Agent, Agent.id == Deployment.agent_id).where(Deployment.id == deployment_id)
    ).one()
    people = {user.id: user for user in db.session.scalars(select(User).where(User.id.in_([i for i in (editor_id, artisan_id) if i])))}
    return Scene(
        agent=agent,
        deployment=deployment,
        editor=people.get(editor_id or ""),
        artisan=people.get(artisan_id or ""),
        tie=db.session.get(EditorLink, editor_link_id) if editor_link_id else None,
        link=db.session.get(SessionLink, link_id) if link_id else None,
    )


def scene_of_session(session: Session) -> Scene:
    """The scene of a session."""
    return scene_of(
        deployment_id=session.deployment_id,
        editor_id=session.editor_id,
        artisan_id=session.artisan_id,
        editor_link_id=session.editor_link_id,
        link_id=session.link_id,
    )
