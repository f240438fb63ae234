"""API keys and personal tokens: shown once, kept hashed (CONTRACT.md, Ways in)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.audit.service import record
from app.core import clock
from app.core.acting import Actor
from app.core.crypto import new_secret, token_hash
from app.core.errors import InvalidError, NotFoundError
from app.extensions import db
from app.identity.models import ApiKey, Permission

PREFIXES = {"key": "aim_", "token": "aimt_"}
SHOWN = 12


def create_key(
    actor: Actor, *, kind: str, name: str, scopes: list[str] | None = None, expires_at: datetime | None = None, role: str | None = None
) -> tuple[ApiKey, str]:
    """Make a `key` (an account's) or a `token` (personal). Returns the row and the secret, which is shown this once."""
    if not name.strip():
        raise InvalidError("Donnez un nom à la clé.", {"name": ["Un nom aide à la reconnaître."]})
    unknown = set(scopes or ()) - actor.permissions
    if unknown:
        raise InvalidError("Une permission demandée n’est pas la vôtre.", {"scopes": sorted(unknown)})
    secret = new_secret(PREFIXES[kind], 32)
    key = ApiKey(
        owner_id=actor.account_id,
        made_by=actor.user_id,
        kind=kind,
        role=role or actor.role,
        name=name.strip(),
        prefix=secret[:SHOWN],
        hash=token_hash(secret),
        scopes=sorted(scopes or ()),
        expires_at=expires_at,
    )
    db.session.add(key)
    db.session.flush()
    record("key.created", key.id, kind=kind, name=key.name)
    return key, secret


def revoke_key(actor: Actor, key_id: str) -> ApiKey:
    """End a key of the actor's account, at once. Raises NotFoundError."""
    key = db.session.scalar(select(ApiKey).where(ApiKey.id == key_id, ApiKey.owner_id == actor.account_id))
    if key is None:
        raise NotFoundError()
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        record("key.revoked", key.id, name=key.name)
    return key


def keys_of(actor: Actor) -> list[ApiKey]:
    """The keys and tokens of the actor's account, the living first."""
    return list(
        db.session.scalars(
            select(ApiKey)
            .where(ApiKey.owner_id == actor.account_id)
            .order_by(ApiKey.revoked_at.is_not(None), ApiKey.created_at.desc(), ApiKey.id)
        )
    )


def permission_labels() -> dict[str, str]:
    """Every permission with its French name, by group."""
    rows = db.session.execute(select(Permission.slug, Permission.name).order_by(Permission.group_name, Permission.name))
    return {row.slug: row.name for row in rows}
