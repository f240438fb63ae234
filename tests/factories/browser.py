"""A signed-in browser for tests of portal pages."""

from __future__ import annotations

from flask.testing import FlaskClient

from app.identity.models import RoleAssignment, User
from tests.factories import committing, db


def sign_in(client: FlaskClient, user: User, role: str | None = None) -> None:
    """Put the cookie of `user` in this browser; `role` chooses, in its portal, the one of his roles he works in.

    Call outside of any transaction.
    """
    with committing():
        found = db.session.get_one(User, db.inspect(user).identity[0])
        cookie = f"{found.id}:{found.epoch}"
        chosen = db.session.scalar(
            db.select(RoleAssignment.id).where(RoleAssignment.user_id == found.id, RoleAssignment.role == role, RoleAssignment.active)
        )
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = cookie, True
        if chosen:
            session["assignments"] = {
                portal: chosen for portal in ("admin", "editeur", "artisan", "fabricant", "particulier", "metreur", "")
            }
