"""Taking back an account that never served. One that did is suspended: its conversations, links and invoices refer to it."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from app.audit.service import record
from app.core.acting import Actor
from app.core.errors import ConflictError, ForbiddenError
from app.extensions import db
from app.identity.models import RoleAssignment, SingleUseToken, User
from app.identity.staff import may_manage


def remove_account(actor: Actor, user: User) -> None:
    """Delete an account whose invitation was never followed and to which nothing is tied.

    Raises ConflictError (it served, or something is its), ForbiddenError (one of the team's).
    """
    if not may_manage(actor, user):
        raise ForbiddenError("Seul un super-administrateur agit sur les comptes de l’équipe.")
    if user.status != "invited":
        raise _used()
    user_id = user.id
    try:
        with db.session.begin_nested():
            db.session.execute(delete(SingleUseToken).where(SingleUseToken.user_id == user_id))
            db.session.execute(delete(RoleAssignment).where(RoleAssignment.user_id == user_id))
            db.session.execute(delete(User).where(User.id == user_id))
    except IntegrityError:
        raise _used() from None
    record("user.removed", user_id)


def _used() -> ConflictError:
    return ConflictError("Ce compte a déjà servi : suspendez-le plutôt.", code="account_used")
