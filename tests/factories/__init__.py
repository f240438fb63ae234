"""Rows for tests, made through the verbs where there is one. Call inside `with committing():`, which acts for the platform."""

from __future__ import annotations

from contextlib import AbstractContextManager
from itertools import count
from typing import Any

from app.agents.models import Agent
from app.core import acting
from app.core.acting import Actor
from app.core.transaction import Transaction, transaction
from app.deployments.models import AllowedDomain, Deployment
from app.extensions import db
from app.identity.keys import create_key
from app.identity.links import accept_link
from app.identity.models import EditorLink, RolePermission, User
from app.identity.service import create_user
from app.quoting.library import load_platform_library
from app.quoting.models import PriceItem

PASSWORD = "une phrase pour les tests"
_numbers = count(1)


def committing() -> AbstractContextManager[Transaction]:
    """A transaction of the platform, to prepare rows of any tenant."""
    return transaction(acting.platform("demo"))


def make_user(role: str, **values: Any) -> User:
    """An active account. Its password, when `password=PASSWORD` is given, costs an argon2 hash."""
    number = next(_numbers)
    defaults: dict[str, Any] = {"email": f"{role}{number}@exemple.fr", "name": f"{role.capitalize()} {number}"}
    if role in ("editeur", "artisan", "fabricant"):
        defaults["company_name"] = f"Société {number}"
    user = create_user(**{**defaults, **values}, role=role)
    user.status = "active"
    db.session.flush()
    return user


def actor_for(user: User, role: str, *, account_id: str | None = None) -> Actor:
    """The user signed in, in a role, with the permissions of the role."""
    held = db.session.scalars(db.select(RolePermission.permission).where(RolePermission.role == role)).all()
    return acting.user(user.id, role=role, account_id=account_id, permissions=frozenset(held), name=user.display_name)


def make_agent(slug: str = "expert-btp") -> Agent:
    """One of the agents that every installation begins with, and the price library, made once per test."""
    if db.session.scalar(db.select(PriceItem.id).where(PriceItem.owner_id.is_(None)).limit(1)) is None:
        load_platform_library()
    return db.session.scalars(db.select(Agent).where(Agent.slug == slug)).one()


def make_deployment(editor: User | None, *, domains: tuple[str, ...] = ("app.ebp.com",), **values: Any) -> Deployment:
    """A deployment of the expert agent."""
    deployment = Deployment(
        **{"agent_id": make_agent().id, "editor_id": editor.id if editor else None, "name": f"Déploiement {next(_numbers)}", **values}
    )
    db.session.add(deployment)
    db.session.flush()
    for host in domains:
        wildcard = host.startswith("*.")
        environment = "localhost" if host == "localhost" else "production"
        db.session.add(
            AllowedDomain(
                deployment_id=deployment.id,
                editor_id=deployment.editor_id,
                host=host.removeprefix("*."),
                is_wildcard=wildcard,
                environment=environment,
            )
        )
    db.session.flush()
    return deployment


def make_tie(editor: User, artisan: User, external_id: str | None = None) -> EditorLink:
    """An accepted link between an artisan and an editor."""
    tie = EditorLink(
        editor_id=editor.id,
        artisan_id=artisan.id,
        external_id=external_id or f"ART-{next(_numbers)}",
        invited_email=artisan.email,
        artisan_name=artisan.display_name,
        editor_name=editor.display_name,
        permissions={"can_create_sessions": True},
    )
    db.session.add(tie)
    db.session.flush()
    accept_link(artisan, tie)
    return tie


def make_key(owner: User, role: str) -> str:
    """The secret of a new API key (editors, fabricants) or personal token (others)."""
    kind = "key" if role in ("editeur", "fabricant") else "token"
    return create_key(actor_for(owner, role), kind=kind, name="Test")[1]
