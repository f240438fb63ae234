"""Verbs on people and companies: creating them, their password, their status."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from app.audit.service import record
from app.core import clock
from app.core.acting import Actor
from app.core.crypto import hash_password, verify_password
from app.core.errors import ConflictError, ForbiddenError, InvalidError
from app.core.identifiers import check_phone, check_siret, check_website, normalise_email
from app.core.ids import new_id
from app.core.text import clean_line, fold
from app.extensions import db
from app.identity.models import RoleAssignment, User, UserPassword

MIN_PASSWORD = 12
PASSWORD_RULE = f"{MIN_PASSWORD} caractères au moins : une phrase se retient bien."
STAFF_ROLES = frozenset({"super-admin", "admin", "superviseur", "metreur", "validator"})
ACCOUNT_ROLES = ("editeur", "artisan", "fabricant", "particulier")
COMPANY_ROLES = ("editeur", "artisan", "fabricant")
"""Accounts of companies, whose name their customers see."""
COMMON_PASSWORDS = frozenset({"motdepasse123", "azertyuiop123", "password1234", "123456789012"})


def create_user(
    *,
    email: str,
    name: str,
    role: str,
    company_name: str | None = None,
    company_info: dict[str, Any] | None = None,
    password: str | None = None,
    assigned_by: str | None = None,
    verified: bool = False,
) -> User:
    """Create an account with its first role; `invited` without a password, unless a link sent to its address was just followed (`verified`).

    Raises InvalidError, ConflictError (e-mail taken).
    """
    address = checked_email(email)
    if db.session.scalar(select(User.id).where(User.email == address)):
        raise ConflictError(
            "Un compte existe déjà avec cette adresse.", code="email_taken", details={"fields": {"email": ["Adresse déjà prise."]}}
        )
    user = User(
        id=new_id("usr"),
        email=address,
        name=clean_line(name),
        company_name=clean_line(company_name or "") or None,
        company_info=checked_company_info(company_info or {}),
        status="active" if password or verified else "invited",
        email_verified_at=clock.now() if password or verified else None,
    )
    index_user(user)
    db.session.add(user)
    db.session.flush()
    db.session.add(RoleAssignment(user_id=user.id, role=role, assigned_by=assigned_by))
    if password:
        set_password(user, password)
    db.session.flush()
    record("user.created", user.id, role=role)
    return user


def index_user(user: User) -> None:
    """Keep the folded search key in step with the words it is made of."""
    user.search = fold(f"{user.name} {user.company_name or ''} {user.email}")


def checked_email(email: str) -> str:
    """The address, normalised. Raises InvalidError on field `email`."""
    try:
        return normalise_email(email)
    except ValueError as error:
        raise InvalidError("L’adresse e-mail est à corriger.", {"email": [str(error)]}) from None


def looked_up_email(email: str) -> str:
    """The form in which an address is looked up; empty for what is no address, which nobody has."""
    try:
        return normalise_email(email)
    except ValueError:
        return ""


def checked_company_info(info: dict[str, Any]) -> dict[str, Any]:
    """Company page (003 §17.3): SIRET by its key, phone in E.164, site as an address; empty values are left out. Raises InvalidError by field."""
    kept = {key: str(value).strip() for key, value in info.items() if value not in (None, "")}
    errors: dict[str, list[str]] = {}
    for key, check in (("siret", check_siret), ("phone", check_phone), ("website", check_website)):
        if key in kept:
            try:
                kept[key] = check(kept[key])
            except ValueError as error:
                errors[key] = [str(error)]
    if errors:
        raise InvalidError("Des informations de l’entreprise sont à corriger.", errors)
    return kept


def check_password_rules(password: str, *, email: str) -> None:
    """Twelve characters or more, not a common one, not the address. Raises InvalidError on field `password`."""
    problem = None
    if len(password) < MIN_PASSWORD:
        problem = PASSWORD_RULE
    elif len(password) > 200:
        problem = "200 caractères au plus."
    elif password.lower() in COMMON_PASSWORDS or len(set(password)) < 5 or password.lower() == email:
        problem = "Ce mot de passe est trop facile à deviner."
    if problem:
        raise InvalidError("Le mot de passe est à changer.", {"password": [problem]})


def set_password(user: User, password: str) -> None:
    """Set the password and end every other cookie of the user."""
    check_password_rules(password, email=user.email)
    values = {"user_id": user.id, "hash": hash_password(password), "changed_at": clock.now()}
    db.session.execute(insert(UserPassword).values(values).on_conflict_do_update(index_elements=["user_id"], set_=values))
    user.epoch += 1
    record("user.password_changed", user.id)


def authenticate(email: str, password: str) -> str | None:
    """The id of the active user with this address and password, else None. An unknown address costs the same time."""
    row = db.session.execute(text("SELECT * FROM door_login(:email)"), {"email": looked_up_email(email)}).one_or_none()
    matches = verify_password(row.password_hash if row else None, password)
    return row.user_id if row is not None and matches and row.status == "active" else None


def suspend_user(actor: Actor, user: User, reason: str) -> None:
    """Refuse the account on every way in, at once."""
    if user.id == actor.user_id:
        raise ForbiddenError("Vous ne pouvez pas suspendre votre propre compte.")
    user.status, user.status_reason = "suspended", reason.strip() or None
    user.epoch += 1
    record("user.suspended", user.id, reason=user.status_reason)


def lift_suspension(user: User) -> None:
    """Open the account again."""
    if user.status == "suspended":
        user.status, user.status_reason = "active" if user.email_verified_at else "invited", None
        record("user.suspension_lifted", user.id)


def assign_role(actor: Actor, user: User, role: str, *, on_behalf_of: str | None = None, expires_at: Any = None) -> RoleAssignment:
    """Give a role, for the person or on behalf of an account. Staff roles of the platform need `staff.manage`."""
    if role in STAFF_ROLES and on_behalf_of is None and not actor.can("staff.manage"):
        raise ForbiddenError("Seul un super-administrateur donne les rôles de l’équipe.")
    if on_behalf_of is not None and role not in ("validator", "metreur", "conseiller"):
        raise InvalidError("Ce rôle ne se donne pas pour le compte d’un autre.", {"role": ["Validateur, métreur ou conseiller."]})
    existing = db.session.scalar(
        select(RoleAssignment).where(
            RoleAssignment.user_id == user.id, RoleAssignment.role == role, RoleAssignment.on_behalf_of.is_not_distinct_from(on_behalf_of)
        )
    )
    assignment = existing or RoleAssignment(user_id=user.id, role=role, on_behalf_of=on_behalf_of)
    assignment.active, assignment.expires_at, assignment.assigned_by = True, expires_at, actor.user_id
    db.session.add(assignment)
    db.session.flush()
    record("role.assigned", user.id, role=role, on_behalf_of=on_behalf_of)
    return assignment


def remove_role(actor: Actor, assignment: RoleAssignment) -> None:
    """Take a role back; nobody removes his own staff role."""
    if assignment.role in STAFF_ROLES and assignment.on_behalf_of is None and not actor.can("staff.manage"):
        raise ForbiddenError("Seul un super-administrateur retire les rôles de l’équipe.")
    if assignment.user_id == actor.user_id and assignment.role in ("admin", "super-admin"):
        raise ForbiddenError("Vous ne pouvez pas retirer votre propre rôle d’administration.")
    assignment.active = False
    record("role.removed", assignment.user_id, role=assignment.role, on_behalf_of=assignment.on_behalf_of)
