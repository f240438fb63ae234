"""What the platform's administrators read of people, companies, roles, keys and the journal. RLS shows other actors their own rows only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, exists, func, literal, select
from sqlalchemy.orm import aliased

from app.audit.models import AuditEntry
from app.core.errors import InvalidError, NotFoundError
from app.core.search import has_words
from app.extensions import db
from app.identity.models import ApiKey, EditorLink, Role, RoleAssignment, User
from app.identity.service import ACCOUNT_ROLES, looked_up_email

NEVER = literal(datetime(1970, 1, 1, tzinfo=UTC))
"""Sorts somebody who never came before everybody else: a sort key is never null."""
LAST_SEEN = func.coalesce(User.last_seen_at, NEVER).label("seen")
DISPLAY_NAME = func.coalesce(User.company_name, User.name).label("display_name")


def holds(role: str) -> Any:
    """The user of the row holds this role now, for himself or for an account."""
    return exists().where(RoleAssignment.user_id == User.id, RoleAssignment.role == role, RoleAssignment.in_force())


def people(*, query: str = "", role: str = "", status: str = "") -> Select[Any]:
    """Every person and account with the names of their roles, to be paged by name, `seen` or `created_at`."""
    roles = (
        select(func.string_agg(Role.name, ", "))
        .join(RoleAssignment, RoleAssignment.role == Role.slug)
        .where(RoleAssignment.user_id == User.id, RoleAssignment.in_force())
        .scalar_subquery()
    )
    statement = select(
        User.id, User.name, User.company_name, User.email, User.status, User.last_seen_at, User.created_at, LAST_SEEN, roles.label("roles")
    )
    if role:
        statement = statement.where(holds(role))
    return _narrowed(statement, query, status)


def artisans(*, query: str = "", status: str = "", editor_id: str = "") -> Select[Any]:
    """Every artisan with the names of the editors he is tied to."""
    editors = (
        select(func.string_agg(EditorLink.editor_name, ", "))
        .where(EditorLink.artisan_id == User.id, EditorLink.status == "active")
        .scalar_subquery()
    )
    statement = select(
        User.id, User.name, User.email, User.status, User.last_seen_at, LAST_SEEN, DISPLAY_NAME, editors.label("editors")
    ).where(holds("artisan"))
    if editor_id:
        tied = exists().where(EditorLink.artisan_id == User.id, EditorLink.editor_id == editor_id, EditorLink.status == "active")
        statement = statement.where(tied)
    return _narrowed(statement, query, status)


def _narrowed(statement: Select[Any], query: str, status: str) -> Select[Any]:
    if query:
        statement = statement.where(has_words(User.search, query))
    return statement.where(User.status == status) if status else statement


def person(user_id: str) -> User:
    """A person or account. Raises NotFoundError."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFoundError()
    return user


def account_in_role(user_id: str, role: str) -> User:
    """The account of an editor, an artisan or a fabricant. Raises NotFoundError for one that never had this role."""
    held = exists().where(RoleAssignment.user_id == User.id, RoleAssignment.role == role, RoleAssignment.on_behalf_of.is_(None))
    user = db.session.scalar(select(User).where(User.id == user_id, held))
    if user is None:
        raise NotFoundError()
    return user


def employer(email: str) -> User:
    """The editor or artisan that somebody is to work for, by address. Raises InvalidError on `on_behalf_of`."""
    user = db.session.scalar(select(User).where(User.email == looked_up_email(email), holds("editeur") | holds("artisan")))
    if user is None:
        raise InvalidError("Compte introuvable.", {"on_behalf_of": ["Aucun éditeur ni artisan n’a cette adresse."]})
    return user


def editor_choices() -> list[tuple[str, str]]:
    """Id and name of every editor, by name, for filters."""
    rows = db.session.execute(select(User.id, DISPLAY_NAME).where(holds("editeur")).order_by(DISPLAY_NAME, User.id).limit(500))
    return [(row.id, row.display_name) for row in rows]


def roles() -> Sequence[Any]:
    """Slug, name and description of every role, by name."""
    return db.session.execute(select(Role.slug, Role.name, Role.description).order_by(Role.name)).all()


def assignments_of(user_id: str) -> list[Any]:
    """The roles in force or expired of a person (not those removed), with the names of the account and of who gave them."""
    account, giver = aliased(User), aliased(User)
    return list(
        db.session.execute(
            select(
                RoleAssignment,
                Role.name.label("role_name"),
                func.coalesce(account.company_name, account.name).label("account_name"),
                giver.name.label("given_by"),
            )
            .join(Role, Role.slug == RoleAssignment.role)
            .outerjoin(account, account.id == RoleAssignment.on_behalf_of)
            .outerjoin(giver, giver.id == RoleAssignment.assigned_by)
            .where(RoleAssignment.user_id == user_id, RoleAssignment.active)
            .order_by(RoleAssignment.created_at, RoleAssignment.id)
        )
    )


def assignment_of(user_id: str, assignment_id: str) -> RoleAssignment:
    """A role of that very person. Raises NotFoundError."""
    found = db.session.scalar(
        select(RoleAssignment).where(RoleAssignment.id == assignment_id, RoleAssignment.user_id == user_id, RoleAssignment.active)
    )
    if found is None:
        raise NotFoundError()
    return found


def staff_of(account_id: str) -> list[Any]:
    """Who works on behalf of an account, with the name of the role."""
    return list(
        db.session.execute(
            select(User.id, User.name, User.email, Role.name.label("role_name"), RoleAssignment.expires_at)
            .join(RoleAssignment, RoleAssignment.user_id == User.id)
            .join(Role, Role.slug == RoleAssignment.role)
            .where(RoleAssignment.on_behalf_of == account_id, RoleAssignment.in_force())
            .order_by(User.name, User.id)
        )
    )


def keys_of_account(user_id: str) -> list[ApiKey]:
    """What is known of an account's keys and tokens, the living first; their secrets are nowhere."""
    return list(
        db.session.scalars(
            select(ApiKey).where(ApiKey.owner_id == user_id).order_by(ApiKey.revoked_at.is_not(None), ApiKey.created_at.desc(), ApiKey.id)
        )
    )


def ties_of(*, editor_id: str | None = None, artisan_id: str | None = None, limit: int = 20) -> tuple[list[EditorLink], int]:
    """The newest links of an editor or of an artisan, and how many there are."""
    side = EditorLink.editor_id == editor_id if editor_id else EditorLink.artisan_id == artisan_id
    rows = db.session.scalars(select(EditorLink).where(side).order_by(EditorLink.created_at.desc(), EditorLink.id).limit(limit))
    return list(rows), db.session.scalar(select(func.count()).where(side)) or 0


def journal(*, family: str = "", query: str = "", object_id: str = "") -> Select[Any]:
    """The record of sensitive actions, to be paged by `position`: `family` is the first word of the action, `query` names the person."""
    statement = select(
        AuditEntry.id,
        AuditEntry.position,
        AuditEntry.created_at,
        AuditEntry.action,
        AuditEntry.actor_kind,
        AuditEntry.user_id,
        AuditEntry.role,
        AuditEntry.object_id,
        AuditEntry.details,
        DISPLAY_NAME,
        User.email,
    ).outerjoin(User, User.id == AuditEntry.user_id)
    if family:
        statement = statement.where(AuditEntry.action.startswith(family + ".", autoescape=True))
    if query:
        statement = statement.where(has_words(User.search, query))
    if object_id:
        statement = statement.where(AuditEntry.object_id == object_id)
    return statement


GIVEN_ALONE = (*ACCOUNT_ROLES, "superviseur", "metreur", "validator", "admin", "super-admin")
"""Roles a person may hold for himself; a conseiller always works for an account."""
