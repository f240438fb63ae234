"""Who acts. The only place that tells PostgreSQL (TRAPS.md, Row-level security): five kinds of actor, no more.

The settings are transaction-local, so a pooled connection never keeps an identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

import structlog
from sqlalchemy import Connection, TextClause, event, text
from sqlalchemy.orm import Session, SessionTransaction

from app.core.errors import NotFoundError

log = structlog.get_logger(__name__)
Kind = Literal["user", "visitor", "system", "platform", "door"]
STAFF_ROLES = frozenset({"admin", "super-admin"})
PLATFORM_JOBS = frozenset(
    {
        "drain",
        "sweep",
        "heartbeat",
        "mail",
        "reset",
        "retention",
        "invitation",
        "password-reset",
        "magic-link",
        "link-code",
        "demo",
        "health",
        "reseal",
        "hosts",
        "statements",
        "trial",
    }
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, or something, on whose behalf rows are read and written.

    `account_id` is the principal account acted for: one's own, or the one of `on_behalf_of` for its staff.
    """

    kind: Kind
    user_id: str | None = None
    account_id: str | None = None
    role: str | None = None
    permissions: frozenset[str] = field(default_factory=frozenset)
    name: str = ""
    session_id: str | None = None
    editor_id: str | None = None
    artisan_id: str | None = None
    deployment_id: str | None = None
    link_id: str | None = None
    editor_link_id: str | None = None
    job: str | None = None

    def can(self, permission: str) -> bool:
        """True when the actor's role holds the permission (003 §17.4)."""
        return permission in self.permissions

    @property
    def tenant_id(self) -> str | None:
        """The tenant: the editor, or the artisan where there is no editor (PRODUCT.md)."""
        return self.editor_id or self.artisan_id


def door() -> Actor:
    """Nobody known yet: sees no row, may call the listed lookups."""
    return Actor("door")


def user(user_id: str, *, role: str, account_id: str | None = None, permissions: frozenset[str] = frozenset(), name: str = "") -> Actor:
    """A person signed in, in one role."""
    return Actor("user", user_id=user_id, account_id=account_id or user_id, role=role, permissions=permissions, name=name)


def visitor(
    session_id: str | None,
    *,
    deployment_id: str,
    editor_id: str | None = None,
    artisan_id: str | None = None,
    link_id: str | None = None,
    editor_link_id: str | None = None,
) -> Actor:
    """Somebody without an account, holding the secret of one chat session (None: about to open one)."""
    return Actor(
        "visitor",
        session_id=session_id,
        editor_id=editor_id,
        artisan_id=artisan_id,
        deployment_id=deployment_id,
        link_id=link_id,
        editor_link_id=editor_link_id,
    )


def system(job: str, *, editor_id: str | None, artisan_id: str | None) -> Actor:
    """A job working for one tenant."""
    return Actor("system", editor_id=editor_id, artisan_id=artisan_id, job=job)


def platform(job: str) -> Actor:
    """A listed job that crosses tenants; each use is logged."""
    if job not in PLATFORM_JOBS:
        raise ValueError(f"unknown platform job: {job}")
    return Actor("platform", job=job)


_current: ContextVar[Actor | None] = ContextVar("actor", default=None)


def current_actor() -> Actor:
    """The actor of the running request or job; a door when nobody was named."""
    return _current.get() or door()


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Name the actor for a while. Only `core.transaction` calls this."""
    if actor.kind == "platform":
        log.info("acting.platform", job=actor.job)
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)


_only_editor: ContextVar[str | None] = ContextVar("only_editor", default=None)


def confine(editor_id: str | None) -> None:
    """On the host name of one editor, nobody becomes the visitor of another: his conversations do not exist there. None: everywhere."""
    _only_editor.set(editor_id)


def change_actor(actor: Actor, session: Session, *, told: bool = False) -> None:
    """Become somebody else within the open transaction: a door that found out who knocks. `told`: by `visitor_door`, to PostgreSQL."""
    only = _only_editor.get()
    if only is not None and actor.kind == "visitor" and actor.editor_id != only:
        raise NotFoundError()
    _current.set(actor)
    if not told and session.in_transaction():
        tell(session.connection(), actor)


@contextmanager
def lending(actor: Actor, session: Session) -> Iterator[None]:
    """Read as somebody else for a while, in the open transaction: statements on its connection only, never an object that is flushed."""
    before = current_actor()
    change_actor(actor, session)
    try:
        yield
    finally:
        _current.set(before)
    # After a failure nothing is to be told: PostgreSQL takes the settings back with what it rolls back.
    if session.in_transaction():
        tell(session.connection(), before)


_SETTINGS = ("kind", "user", "role", "account", "session", "editor", "artisan", "deployment", "link", "tie", "tenant")
_TELL = text(
    "SELECT "
    + ", ".join(f"set_config('app.{name}', :{name}, true)" for name in _SETTINGS)
    + ", set_config('plan_cache_mode', :plans, true)"
)
_PLANS = {"visitor": "force_generic_plan", "system": "force_generic_plan"}
"""Visitors and jobs look rows up by their ids: one plan serves, and planning anew behind the policies costs more than the lookup.
People's lists filter and search, and are planned for what they ask."""


_VISITOR = {
    "kind": "'visitor'",
    "session": "door.session_id",
    "editor": "door.editor_id",
    "artisan": "door.artisan_id",
    "deployment": "door.deployment_id",
    "link": "door.link_id",
    "tie": "door.editor_link_id",
    "tenant": "COALESCE(door.editor_id, door.artisan_id)",
}


def visitor_door(call: str) -> TextClause:
    """A statement that asks a door of conversations and, where it is open, tells PostgreSQL at once what `tell` would of its visitor.

    Each row ends with `told`. Bind `only` by `only_editor`.
    """
    settings = ", ".join(f"set_config('app.{name}', COALESCE({_VISITOR.get(name, 'NULL')}, ''), true)" for name in _SETTINGS)
    open_here = "door.state = 'open' AND (CAST(:only AS text) IS NULL OR door.editor_id = :only)"
    plans = f"set_config('plan_cache_mode', '{_PLANS['visitor']}', true)"
    return text(f"SELECT door.*, CASE WHEN {open_here} THEN concat({settings}, {plans}) <> '' ELSE false END AS told FROM {call} AS door")


def only_editor() -> str | None:
    """Whose visitors alone may come in (`confine`)."""
    return _only_editor.get()


def tell(connection: Connection, actor: Actor) -> None:
    """Say to PostgreSQL who acts until the end of the transaction."""
    connection.execute(
        _TELL,
        {
            "kind": actor.kind,
            "user": actor.user_id or "",
            "role": actor.role or "",
            "account": actor.account_id or "",
            "session": actor.session_id or "",
            "editor": actor.editor_id or "",
            "artisan": actor.artisan_id or "",
            "deployment": actor.deployment_id or "",
            "link": actor.link_id or "",
            "tie": actor.editor_link_id or "",
            "tenant": actor.tenant_id or "",
            "plans": _PLANS.get(actor.kind, "auto"),
        },
    )


@event.listens_for(Session, "after_begin")
def _on_begin(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    # A fresh transaction knows no setting, which every policy takes for a door: nothing to tell.
    if not transaction.nested and (actor := current_actor()).kind != "door":
        tell(connection, actor)
