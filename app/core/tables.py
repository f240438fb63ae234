"""Columns and row policies that the tables share.

A policy is one SQL expression over the columns of its own row and the `app_…()` settings of `core.acting`.
Models carry theirs as `info={"rls": Policy(...)}`; migrations keep a frozen copy; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.ids import new_id

Money = Numeric(12, 2)


def primary_id(prefix: str) -> Mapped[str]:
    """A text primary key with a prefix, made by the client."""
    return mapped_column(Text, primary_key=True, default=_maker(prefix))


def _maker(prefix: str) -> Callable[[], str]:
    return lambda: new_id(prefix)


def created() -> Mapped[datetime]:
    """The moment the row was made, UTC."""
    return mapped_column(default=clock.now)


def user_ref(*, nullable: bool = True, index: bool = False) -> Mapped[Any]:
    """A reference to a user."""
    return mapped_column(Text, ForeignKey("users.id"), nullable=nullable, index=index)


@dataclass(frozen=True, slots=True)
class Policy:
    """Who reads a row (`read`) and who writes one (`write`, else the same), as SQL expressions.

    `insert` says otherwise what may be added, `delete` who may delete: each is `write` when not given.
    What a column may become is a trigger's matter (migration 0015).
    """

    read: str
    write: str | None = None
    insert: str | None = None
    delete: str | None = None


STAFF = "app_staff()"
"""The platform's jobs, and people in the roles admin and super-admin."""

OWN = "app_staff() OR (app_kind() = 'user' AND user_id = app_user())"
"""A person's own row."""


def by_role(**columns: str) -> str:
    """An expression that compares one column per role: `by_role(editeur="editor_id", visitor="session_id")`.

    `visitor` and `system` are kinds, the rest are roles of a signed-in user; `particulier` compares the person,
    every other role the account acted for. A column may be an expression of its own in parentheses.
    """
    branches = []
    if column := columns.pop("visitor", None):
        branches.append(f"WHEN app_kind() = 'visitor' THEN {column if column.startswith('(') else f'{column} = app_session()'}")
    if column := columns.pop("system", None):
        branches.append(f"WHEN app_kind() = 'system' THEN {column if column.startswith('(') else f'{column} = app_tenant()'}")
    for role, column in columns.items():
        setting = "app_user()" if role == "particulier" else "app_account()"
        test = column if column.startswith("(") else f"{column} = {setting}"
        branches.append(f"WHEN app_kind() = 'user' AND app_role() = '{role}' THEN {test}")
    return "app_staff() OR CASE " + " ".join(branches) + " ELSE false END"


TENANT = "(COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant())"
"""A job's own tenant; a job without one works on conversations without one (a widget of the platform's own deployment)."""

CONVERSATION = by_role(
    visitor="session_id",
    system=TENANT,
    editeur="editor_id",
    artisan="artisan_id",
    conseiller="(app_account() = editor_id OR app_account() = artisan_id)",
    particulier="particulier_id",
)
"""What belongs to one conversation: its visitor, its tenant's jobs, its editor, artisan, particulier and their conseillers."""

MADE = by_role(visitor="session_id", system=TENANT)
"""Who makes the rows of a conversation: its visitor and its tenant's jobs."""


def of_session(*, read: str = CONVERSATION, write: str = MADE, delete: str | None = None) -> Policy:
    """The policy of a table whose rows belong to a session: one is added only to a session that the actor sees, with its people.

    Asked when a row is added only, for its cost: afterwards a trigger keeps its ids (migration 0015).
    """
    seen = "app_sees_session(session_id, editor_id, artisan_id, particulier_id)"
    return Policy(read, write=write, insert=f"({write}) AND (app_staff() OR {seen})", delete=delete)
