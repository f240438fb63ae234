"""From a proof to a cookie, and where to go then."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import session
from flask_login import current_user, login_user
from sqlalchemy import text

from app.core.ids import new_id
from app.core.transaction import act_as
from app.extensions import db
from app.identity.own_account import note_visit
from app.web.authentication import SignedIn, actor_of
from app.web.navigation import current_assignment, home_url


def sign_in(user_id: str, *, remember: bool = False, password: str | None = None) -> None:
    """Open this browser's session anew: nothing of the one before it survives, so that a planted one is worth nothing."""
    session.clear()
    session.permanent = remember
    person = _person(user_id, new_id("log"))
    login_user(person)
    act_as(actor_of(person, person.assignment_for(None)))
    note_visit(user_id, password)


def stay_signed_in(user_id: str) -> None:
    """Give this browser the cookie of the new epoch, when a change has just ended every cookie of the person."""
    db.session.flush()
    login_user(_person(user_id, current_user.login))


def _person(user_id: str, login: str) -> SignedIn:
    return SignedIn(db.session.execute(text("SELECT * FROM door_user(:id)"), {"id": user_id}).one(), login)


def landing(wanted: str | None) -> str:
    """The page that was asked for before signing in, if it is one of ours; else the home of the person's role."""
    return wanted if wanted and is_own_path(wanted) else home_url(current_assignment())


def is_own_path(path: str) -> bool:
    """True for a path of this very host. Browsers read `//x`, `/\\x` and paths with control characters as other hosts."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
        return False
    parts = urlsplit(path)
    return not parts.scheme and not parts.netloc and not parts.path.startswith(("//", "/connexion", "/deconnexion"))
