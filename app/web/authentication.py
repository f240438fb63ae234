"""From a cookie or a key to an actor. Status is read at each request, so a suspension holds at once on every way in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, request, session
from flask_login import UserMixin, current_user
from sqlalchemy import text

from app.core import acting
from app.core.acting import Actor
from app.core.crypto import token_hash
from app.core.errors import ForbiddenError, UnauthorizedError
from app.core.transaction import act_as
from app.extensions import db, login_manager

PORTALS = ("admin", "editeur", "artisan", "fabricant", "particulier", "metreur")


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role the signed-in person holds, the account it acts for and the portal it opens."""

    id: str
    role: str
    account_id: str
    account_name: str
    portal: str
    permissions: frozenset[str]


class SignedIn(UserMixin):
    """The person behind the cookie, with the roles that are valid now."""

    def __init__(self, row: Any, login: str) -> None:
        self.user_id: str = row.user_id
        self.login = login
        self.name: str = row.name
        self.email: str = row.email
        self.epoch: int = row.epoch
        self.assignments = [
            Assignment(a["id"], a["role"], a["account_id"], a["account_name"], a["portal"], frozenset(a["permissions"]))
            for a in row.assignments
        ]

    def get_id(self) -> str:
        return f"{self.user_id}:{self.epoch}:{self.login}"

    def assignment_for(self, portal: str | None) -> Assignment | None:
        """The assignment used in a portal: the one chosen, else the first."""
        possible = [a for a in self.assignments if a.portal == portal] if portal else self.assignments
        chosen = session.get("assignments", {}).get(portal or "")
        return next((a for a in possible if a.id == chosen), possible[0] if possible else None)


@login_manager.user_loader
def load_signed_in(cookie_id: str) -> SignedIn | None:
    """The person of a cookie, unless suspended or signed out since, here or everywhere. A cookie that opens nothing is not renewed."""
    user_id, epoch, login = (*cookie_id.split(":"), "", "")[:3]
    row = db.session.execute(text("SELECT * FROM door_user(:id)"), {"id": user_id}).one_or_none()
    if row is None or row.status != "active" or str(row.epoch) != epoch or login in row.ended_logins:
        session.pop("_user_id", None)
        return None
    return SignedIn(row, login)


def actor_of(person: SignedIn, assignment: Assignment | None) -> Actor:
    """The actor of a person in one of his roles (none: only his own rows)."""
    if assignment is None:
        return acting.user(person.user_id, role="", name=person.name)
    return acting.user(
        person.user_id,
        role=assignment.role,
        account_id=assignment.account_id,
        permissions=assignment.permissions,
        name=assignment.account_name,
    )


def install_authentication(app: Flask) -> None:
    """Before each portal request: become the person of the cookie, in the role of the portal."""

    @app.before_request
    def _identify() -> None:
        if request.endpoint in (None, "static") or request.path.startswith(("/api/", "/s/", "/files/")):
            return
        if not current_user.is_authenticated:
            return
        portal = request.blueprint if request.blueprint in PORTALS else session.get("portal")
        assignment = current_user.assignment_for(portal)
        if request.blueprint in PORTALS:
            if assignment is None:
                act_as(actor_of(current_user, None))
                raise ForbiddenError("Cet espace ne fait pas partie de votre compte.")
            if session.get("portal") != portal:
                session["portal"] = portal
        act_as(actor_of(current_user, assignment or current_user.assignment_for(None)))


def authenticate_key(secret: str | None, *, kinds: tuple[str, ...], roles: tuple[str, ...]) -> Actor:
    """Become the owner of an API key or personal token. 401 when unknown or ended, 403 when it is of another role."""
    if not secret:
        raise UnauthorizedError("Une clé d’API est attendue.", code="missing_key")
    row = db.session.execute(text("SELECT * FROM door_api_key(:hash)"), {"hash": token_hash(secret)}).one_or_none()
    if row is None or not row.usable:
        raise UnauthorizedError("Cette clé n’est pas ou n’est plus valable.", code="invalid_key")
    if row.kind not in kinds or row.role not in roles:
        raise ForbiddenError("Cette clé n’ouvre pas cette partie de l’API.")
    held = frozenset(row.permissions) & frozenset(row.scopes) if row.scopes else frozenset(row.permissions)
    actor = acting.user(row.made_by, role=row.role, account_id=row.owner_id, permissions=held, name=row.owner_name)
    act_as(actor)
    db.session.execute(
        text(
            "UPDATE api_keys SET last_used_at = now() WHERE id = :id AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"
        ),
        {"id": row.key_id},
    )
    return actor
