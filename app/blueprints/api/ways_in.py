"""Doors of the APIs that open to a key or to a personal token (CONTRACT.md, Ways in)."""

from __future__ import annotations

from flask import request

from app.extensions import csrf, limiter
from app.web.api import ApiBlueprint, bearer
from app.web.authentication import authenticate_key
from app.web.idempotency import idempotent

PER_CALLER = "600/minute"
SHOWN = 16


def opened_by_key(bp: ApiBlueprint, *roles: str) -> None:
    """Every view of the blueprint needs `X-API-Key`, a key of an account in one of the roles."""
    _door(bp, "key", roles)


def opened_by_token(bp: ApiBlueprint, *roles: str) -> None:
    """Every view of the blueprint needs `Authorization: Bearer`, a personal token in one of the roles."""
    _door(bp, "token", roles)


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
