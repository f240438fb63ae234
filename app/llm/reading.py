"""Reading what the platform decided on behalf of whoever asks, on the connection that is open, if there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select

from app.core.acting import Actor, current_actor, lending, system
from app.core.transaction import in_transaction, transaction
from app.extensions import db


def read(statement: Select[Any], *, owner_id: str | None = None) -> Sequence[Row[Any]]:
    """The rows of a statement, as a job that answers for `owner_id` (None: for the platform) sees them.

    A page of an editor works with the platform's key, which he may not read: only this door, and what runs behind it, does.
    A job of that very tenant asks as itself, without a word more to PostgreSQL.
    """
    actor = current_actor()
    reader = system("models", editor_id=owner_id, artisan_id=None)
    if not in_transaction():
        with transaction(reader):
            return db.session.connection().execute(statement).all()
    if _sees(actor, owner_id):
        return db.session.connection().execute(statement).all()
    with lending(reader, db.session()):
        return db.session.connection().execute(statement).all()


def _sees(actor: Actor, owner_id: str | None) -> bool:
    return actor.kind == "platform" or (actor.kind == "system" and owner_id in (None, actor.editor_id, actor.artisan_id))
