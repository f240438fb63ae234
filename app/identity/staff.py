"""What an administrator does to other people's accounts, and to whose: the team's own accounts are a super-administrator's (PRODUCT.md)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.core.acting import STAFF_ROLES as STAFF
from app.core.acting import Actor
from app.core.errors import ForbiddenError, InvalidError
from app.core.text import clean_line
from app.extensions import db
from app.identity.models import RoleAssignment, User
from app.identity.service import COMPANY_ROLES, STAFF_ROLES, create_user, lift_suspension, suspend_user

COMPANY_NEEDED = "C’est le nom que voient les clients."


def is_of_the_team(user_id: str) -> bool:
    """True for somebody who holds a role of the platform's team for himself."""
    held = select(RoleAssignment.id).where(
        RoleAssignment.user_id == user_id,
        RoleAssignment.role.in_(STAFF_ROLES),
        RoleAssignment.on_behalf_of.is_(None),
        RoleAssignment.active,
    )
    return db.session.scalar(held.limit(1)) is not None


def administrators() -> list[str]:
    """The people in the roles admin and super-admin, who are told what the platform must look at."""
    held = (
        select(User.id)
        .join(RoleAssignment, RoleAssignment.user_id == User.id)
        .where(RoleAssignment.role.in_(STAFF), RoleAssignment.in_force(), User.status == "active")
    )
    return list(db.session.scalars(held.distinct().order_by(User.id)))


def may_manage(actor: Actor, user: User) -> bool:
    """True unless the account is one of the team's and the actor does not give staff roles."""
    return actor.can("staff.manage") or not is_of_the_team(user.id)


def lacks_company(role: str, company_name: str) -> bool:
    """True of an account that must bear the name of a company, which its customers see, and bears none."""
    return role in COMPANY_ROLES and not clean_line(company_name)


def open_account(
    actor: Actor, *, email: str, name: str, role: str, company_name: str = "", company_info: dict[str, Any] | None = None
) -> User:
    """Create an account in the state `invited`; the caller queues its invitation.

    Raises ForbiddenError (a role of the team), InvalidError by field, ConflictError (address taken).
    """
    if role in STAFF_ROLES and not actor.can("staff.manage"):
        raise ForbiddenError("Seul un super-administrateur donne les rôles de l’équipe.")
    if lacks_company(role, company_name):
        raise InvalidError("Le nom de l’entreprise est attendu.", {"company_name": [COMPANY_NEEDED]})
    return create_user(email=email, name=name, role=role, company_name=company_name, company_info=company_info, assigned_by=actor.user_id)


def suspend_account(actor: Actor, user: User, reason: str) -> None:
    """Refuse an account on every way in, at once. Raises ForbiddenError for one's own and, without `staff.manage`, for the team's."""
    _check(actor, user)
    suspend_user(actor, user, reason)


def reopen_account(actor: Actor, user: User) -> None:
    """Lift a suspension. Raises ForbiddenError, as `suspend_account`."""
    _check(actor, user)
    lift_suspension(user)


def _check(actor: Actor, user: User) -> None:
    if not may_manage(actor, user):
        raise ForbiddenError("Seul un super-administrateur agit sur les comptes de l’équipe.")
