"""Single-use tokens in e-mails: reset, invitation, magic link, change of address. Hashed, expiring (PRODUCT.md, Secrets)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, text

from app.core import clock
from app.core.crypto import new_secret, token_hash
from app.core.errors import GoneError
from app.core.ids import new_id
from app.extensions import db
from app.identity.models import SingleUseToken

LIVES = {
    "reset": timedelta(hours=1),
    "invitation": timedelta(days=14),
    "magic": timedelta(days=2),
    "email-change": timedelta(hours=24),
}


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a token stood for."""

    user_id: str | None
    email: str
    payload: dict[str, Any]


def issue_token(purpose: str, *, email: str, user_id: str | None = None, payload: dict[str, Any] | None = None) -> str:
    """Make a token and return its secret, which goes into one e-mail and nowhere else."""
    secret = new_secret("", 32)
    db.session.execute(
        insert(SingleUseToken)
        .values(
            id=new_id("tok"),
            purpose=purpose,
            hash=token_hash(secret),
            user_id=user_id,
            email=email,
            payload=payload or {},
            expires_at=clock.now() + LIVES[purpose],
            created_at=clock.now(),
        )
        .inline()
    )
    return secret


def peek_token(purpose: str, secret: str) -> Redeemed | None:
    """What a token stands for, without using it: mail programs open links ahead of people."""
    return _read("SELECT * FROM door_token(:hash, :purpose)", purpose, secret)


def redeem_token(purpose: str, secret: str) -> Redeemed:
    """Use a token, once. Raises GoneError when it is unknown, used or expired."""
    found = _read("SELECT * FROM door_use_token(:hash, :purpose)", purpose, secret)
    if found is None:
        raise GoneError("Ce lien a déjà servi ou n’est plus valable. Demandez-en un nouveau.", code="token_used")
    return found


def forget_tokens(session_id: str) -> None:
    """Erase the magic links of a deleted conversation, with the addresses they were sent to. For the platform."""
    db.session.execute(
        delete(SingleUseToken).where(SingleUseToken.purpose == "magic", SingleUseToken.payload["session_id"].astext == session_id)
    )


def _read(statement: str, purpose: str, secret: str) -> Redeemed | None:
    row = db.session.execute(text(statement), {"hash": token_hash(secret), "purpose": purpose}).one_or_none()
    return Redeemed(row.user_id, row.email, row.payload) if row else None
