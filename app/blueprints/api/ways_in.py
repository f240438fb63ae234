"""Doors of the APIs that open to a key or to a personal token (CONTRACT.md, Ways in)."""

from __future__ import annotations

from flask import g, request, session
from flask_login import current_user

from app.core.errors import ForbiddenError
from app.core.transaction import act_as
from app.extensions import csrf, limiter
from app.web.api import ApiBlueprint, bearer
from app.web.authentication import actor_of, authenticate_key
from app.web.idempotency import idempotent

PER_CALLER = "600/minute"
SHOWN = 16


def opened_by_key(bp: ApiBlueprint, *roles: str) -> None:
    """Every view of the blueprint needs `X-API-Key`, a key of an account in one of the roles."""
    _door(bp, "key", roles)


def opened_by_token(bp: ApiBlueprint, *roles: str) -> None:
    """Every view of the blueprint needs `Authorization: Bearer`, a personal token in one of the roles."""
    _door(bp, "token", roles)


def opened_to_accounts(bp: ApiBlueprint, *roles: str) -> None:
    """Every view needs an account in one of the roles: by `X-API-Key`, by `Authorization: Bearer`, or by the cookie of a login,
    which writes only with the token of our pages or from our own origin.
    """
    csrf.exempt(bp)
    limiter.limit(PER_CALLER, key_func=lambda: (_any_secret() or current_user.get_id() or "")[:SHOWN] or "anonymous")(bp)

    @bp.before_request
    def _authenticate() -> None:
        if request.method != "OPTIONS":
            g.api_roles = roles
            enter_again()

    idempotent(bp)


def enter_again() -> None:
    """Who calls, asked once more after a slow call outside: the transaction before it is undone, and a key may have ended since."""
    secret, roles = _any_secret(), g.api_roles
    if secret or not current_user.is_authenticated:
        authenticate_key(secret, kinds=("key", "token"), roles=roles)
        return
    if request.method not in ("GET", "HEAD") and request.headers.get("Sec-Fetch-Site") != "same-origin":
        csrf.protect()
    here = current_user.assignment_for(session.get("portal"))
    found = next((one for one in (here, *current_user.assignments) if one and one.role in roles), None)
    if found is None:
        raise ForbiddenError("Votre rôle n’ouvre pas cette partie de l’API.")
    act_as(actor_of(current_user, found))


def _any_secret() -> str | None:
    return request.headers.get("X-API-Key") or bearer()


def _secret(kind: str) -> str | None:
    return request.headers.get("X-API-Key") if kind == "key" else bearer()


def _door(bp: ApiBlueprint, kind: str, roles: tuple[str, ...]) -> None:
    csrf.exempt(bp)
    limiter.limit(PER_CALLER, key_func=lambda: (_secret(kind) or "")[:SHOWN] or "anonymous")(bp)

    @bp.before_request
    def _authenticate() -> None:
        if request.method != "OPTIONS":
            authenticate_key(_secret(kind), kinds=(kind,), roles=roles)

    idempotent(bp)
