"""`transaction(actor)`: the only committer. One per request, one per step of a job; views and verbs never commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import structlog

import app.core.connections  # noqa: F401 - registers its listeners
from app.core.acting import Actor, acting, change_actor, current_actor
from app.extensions import db

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Transaction:
    """The open transaction: what to do after its commit, and whether it shall be undone."""

    rollback_only: bool = False
    hooks: list[Callable[[], object]] = field(default_factory=list)


_open: ContextVar[Transaction | None] = ContextVar("transaction", default=None)


@contextmanager
def transaction(actor: Actor) -> Iterator[Transaction]:
    """Run a block as `actor` and commit once at its end; roll back on an exception or when marked so.

    Hooks given to `after_commit` run after the commit; one that fails is logged, since the fact is already kept
    (the sweeper puts back what a hook could not enqueue).
    """
    tx = Transaction()
    token = _open.set(tx)
    try:
        with acting(actor):
            try:
                yield tx
                if tx.rollback_only:
                    db.session.rollback()
                else:
                    db.session.commit()
            except BaseException:
                db.session.rollback()
                raise
            finally:
                db.session.remove()
    finally:
        _open.reset(token)
    if not tx.rollback_only:
        for hook in tx.hooks:
            try:
                hook()
            except Exception:
                log.exception("transaction.hook_failed")


def in_transaction() -> bool:
    """Whether a `transaction` is open."""
    return _open.get() is not None


def release() -> None:
    """Give the connection back before a slow call outside; nothing may be waiting to be written. The transaction goes on after it."""
    if db.session.new or db.session.dirty or db.session.deleted:
        raise RuntimeError("release with unwritten changes")
    db.session.rollback()


def after_commit(hook: Callable[[], object]) -> None:
    """Run `hook` once the open transaction has committed, however often it was given; never when it rolls back."""
    tx = _open.get()
    if tx is None:
        raise RuntimeError("after_commit outside of a transaction")
    if hook not in tx.hooks:
        tx.hooks.append(hook)


def act_as(actor: Actor, *, told: bool = False) -> None:
    """Go on in the open transaction as somebody else (a door that found out who knocks, and may have `told` PostgreSQL itself)."""
    change_actor(actor, db.session(), told=told)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Become somebody else for a few statements of the open transaction; what waited to be written is written before."""
    db.session.flush()
    before = current_actor()
    act_as(actor)
    try:
        yield
        db.session.flush()
    finally:
        act_as(before)
