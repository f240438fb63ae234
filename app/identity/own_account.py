"""What a signed-in person changes about himself: name, company, password, address, open cookies."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.audit.service import record
from app.core import clock
from app.core.crypto import hash_password, password_needs_rehash, verify_password
from app.core.errors import ConflictError, InvalidError
from app.core.text import clean_line
from app.extensions import db
from app.identity.guesses import count_guess, forget_guesses
from app.identity.models import User, UserPassword
from app.identity.service import checked_company_info, index_user, set_password

COMPANY_FIELDS = ("siret", "address", "phone", "website")
MOST_ENDED = 200
"""Logins signed out of that are remembered: more than anybody ends while a cookie lives."""


def note_visit(user_id: str, password: str | None = None) -> None:
    """A person signed in. A password hashed with older parameters is hashed anew, now that it is known."""
    user = db.session.get_one(User, user_id)
    user.last_seen_at = clock.now()
    stored = db.session.get(UserPassword, user_id) if password else None
    if stored is not None and password and password_needs_rehash(stored.hash):
        stored.hash = hash_password(password)
    record("user.signed_in", user_id)


def end_login(user_id: str, login: str) -> None:
    """Signing out of one browser: no copy of its cookie opens anything from here on."""
    user = db.session.get_one(User, user_id, with_for_update=True)
    user.ended_logins = [*user.ended_logins, login][-MOST_ENDED:]


def rename(user: User, name: str) -> None:
    """Change the person's name. Raises InvalidError."""
    cleaned = clean_line(name)
    if not cleaned:
        raise InvalidError("Le nom est à corriger.", {"name": ["Écrivez votre prénom et votre nom."]})
    user.name = cleaned
    index_user(user)


def change_company(user: User, company_name: str, info: dict[str, Any]) -> None:
    """Change the company page (003 §17.3); what the page does not show is kept. Raises InvalidError by field."""
    cleaned = clean_line(company_name)
    if not cleaned:
        raise InvalidError("Le nom de l’entreprise est à corriger.", {"company_name": ["C’est le nom que voient vos clients."]})
    checked = checked_company_info({key: clean_line(info.get(key) or "") for key in COMPANY_FIELDS})
    user.company_name = cleaned
    user.company_info = {key: value for key, value in user.company_info.items() if key not in COMPANY_FIELDS} | checked
    index_user(user)
    record("user.company_changed", user.id)


def has_password(user_id: str) -> bool:
    """False for an account that was only ever opened by a link sent to its address."""
    return db.session.scalar(select(UserPassword.user_id).where(UserPassword.user_id == user_id)) is not None


def check_current_password(user: User, password: str) -> None:
    """Ask for the password again before a sensitive change. Raises InvalidError on `current`, LimitError after five failures.

    An account without a password has nothing to ask.
    """
    stored = db.session.get(UserPassword, user.id)
    if stored is None:
        return
    count_guess(f"current:{user.id}")
    if not verify_password(stored.hash, password):
        raise InvalidError("Le mot de passe actuel n’est pas le bon.", {"current": ["Ce n’est pas votre mot de passe actuel."]})
    forget_guesses(f"current:{user.id}")


def change_password(user: User, current: str, password: str) -> None:
    """Choose another password, knowing the present one; every other open cookie ends."""
    check_current_password(user, current)
    if current and current == password:
        raise InvalidError("Le mot de passe est à changer.", {"password": ["C’est déjà votre mot de passe : choisissez-en un autre."]})
    set_password(user, password)


def change_email(user: User, address: str) -> str:
    """Move the account to an address that its owner has just confirmed; returns the old one. Raises ConflictError when it is taken.

    Said to somebody who reads that mailbox, so it betrays nothing. Links sent to the old address stop working with the epoch.
    """
    old = user.email
    if old == address:
        return old
    try:
        with db.session.begin_nested():
            user.email, user.email_verified_at = address, clock.now()
            user.epoch += 1
            index_user(user)
            db.session.flush()
    except IntegrityError:
        raise ConflictError("Un autre compte utilise déjà cette adresse.", code="email_taken") from None
    record("user.email_changed", user.id)
    return old


def end_other_cookies(user: User) -> None:
    """Sign out everywhere; the caller signs this browser in again."""
    user.epoch += 1
    record("user.signed_out_elsewhere", user.id)
