"""Who the visitor is at the host site, under its server's signature. Unsigned, expired or badly signed: a stranger.

The server signs exact bytes, so that nothing has to be put in a canonical form: `payload` is the base64url of the bytes of a JSON object
`{user_id, exp, context?, name?, email?}`, `signature` the hexadecimal HMAC-SHA256 of those very bytes with the deployment's secret.
A plain form without context signs the text `user_id.exp`, which is no JSON object: neither passes for the other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select

from app.audit.service import record
from app.core import clock
from app.core.crypto import new_secret, seal, unseal
from app.core.identifiers import normalise_email
from app.core.text import clean_line, clean_paragraphs
from app.deployments.models import Deployment, IdentitySecret
from app.extensions import db

PREFIX = "idsec_"
LONGEST_LIFE = timedelta(hours=24)
GRACE = timedelta(days=7)
"""How long a secret that was replaced goes on being good."""
MAX_PAYLOAD = 12_000
MAX_USER_ID = 200
MAX_CONTEXT_NAMES, MAX_CONTEXT_CHARS, MAX_NAME = 20, 4_000, 60
_PURPOSE = "identity-secret"


@dataclass(frozen=True, slots=True)
class VerifiedVisitor:
    """A person whom the host site vouches for; `context` is as trusted as what is given server to server."""

    user_id: str
    context: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    email: str | None = None


def verify_identity(deployment: Deployment, identity: Mapping[str, Any] | None) -> VerifiedVisitor | None:
    """The person that a host page's `identity` proves, or None: a stranger, whatever was wrong.

    Accepts the signed payload and the plain form. `exp` is in seconds since 1970, at most 24 hours ahead.
    """
    if not identity or not isinstance(signature := identity.get("signature"), str):
        return None
    payload = identity.get("payload")
    if isinstance(payload, str):
        signed = _decoded(payload)
        said = _read(signed)
    else:
        said = {"user_id": identity.get("user_id"), "exp": identity.get("exp")}
        signed = f"{_written(said['user_id'])}.{_written(said['exp'])}".encode("utf-8", "replace")
    if not said or not _is_signed(deployment, signed, signature):
        return None
    return _visitor(said)


def secrets_of(deployment_id: str) -> list[IdentitySecret]:
    """The secrets that are good now, the newest first."""
    return list(
        db.session.scalars(
            select(IdentitySecret)
            .where(
                IdentitySecret.deployment_id == deployment_id,
                or_(IdentitySecret.ends_at.is_(None), IdentitySecret.ends_at > clock.now()),
            )
            .order_by(IdentitySecret.created_at.desc(), IdentitySecret.id)
        )
    )


def rotate_secret(deployment: Deployment) -> str:
    """Make a secret, the first or a new one; those before stay good for seven days. Returns it, as the server uses it."""
    db.session.execute(select(Deployment.id).where(Deployment.id == deployment.id).with_for_update())
    for old in secrets_of(deployment.id):
        old.ends_at = min(old.ends_at or clock.now() + GRACE, clock.now() + GRACE)
    secret = new_secret(PREFIX, 32)
    db.session.add(
        IdentitySecret(
            deployment_id=deployment.id,
            editor_id=deployment.editor_id,
            sealed=seal(secret.encode(), purpose=_PURPOSE),
            created_at=clock.now(),
        )
    )
    db.session.flush()
    record("identity_secret.rotated", deployment.id)
    return secret


def reveal_secret(deployment: Deployment) -> str | None:
    """The secret in force, for its owner; each look is recorded. None when there is none yet."""
    secret = secret_in_force(deployment)
    if secret:
        record("identity_secret.revealed", deployment.id)
    return secret


def secret_in_force(deployment: Deployment) -> str | None:
    """The newest secret, to sign with here; it is shown to nobody."""
    current = next(iter(secrets_of(deployment.id)), None)
    return _opened(current) if current else None


def end_old_secrets(deployment: Deployment) -> int:
    """Stop accepting the replaced secrets at once; how many there were."""
    old = secrets_of(deployment.id)[1:]
    for one in old:
        one.ends_at = clock.now()
    if old:
        record("identity_secret.ended", deployment.id)
    return len(old)


def reseal_secrets() -> int:
    """Seal every secret again under the newest master key; how many."""
    secrets = db.session.scalars(select(IdentitySecret).with_for_update()).all()
    for secret in secrets:
        secret.sealed = seal(_opened(secret).encode(), purpose=_PURPOSE)
    db.session.flush()
    return len(secrets)


def _opened(secret: IdentitySecret) -> str:
    return unseal(secret.sealed, purpose=_PURPOSE).decode()


def _is_signed(deployment: Deployment, signed: bytes, signature: str) -> bool:
    given = signature.lower().encode("utf-8", "replace")
    expected = [hmac.new(_opened(one).encode(), signed, hashlib.sha256).hexdigest() for one in secrets_of(deployment.id)]
    return any([hmac.compare_digest(one.encode(), given) for one in expected])


def _decoded(payload: str) -> bytes:
    """The bytes of a base64url text, with or without its padding; none of what is no such text."""
    bare = payload.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True) if len(payload) <= MAX_PAYLOAD else b""
    except (binascii.Error, ValueError):
        return b""


def _read(signed: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(signed, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _written(value: Any) -> str:
    """A value as the signed text has it; what is neither text nor an integer matches no signature."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else "\x00"


def _visitor(said: dict[str, Any]) -> VerifiedVisitor | None:
    user_id, exp = _written(said.get("user_id")).strip(), said.get("exp")
    if not user_id or not user_id.isprintable() or len(user_id) > MAX_USER_ID:
        return None
    if isinstance(exp, str) and exp.isascii() and exp.isdigit() and len(exp) <= 12:
        exp = int(exp)
    now = clock.now().timestamp()
    if isinstance(exp, bool) or not isinstance(exp, int) or not now < exp <= now + LONGEST_LIFE.total_seconds() + 60:
        return None
    return VerifiedVisitor(user_id, _context(said.get("context")), _line(said.get("name")), _email(said.get("email")))


def _context(given: Any) -> dict[str, Any]:
    """Plain values under short names, as everywhere (`web.api.context_field`); what is not is left out."""
    kept: dict[str, Any] = {}
    chars = 0
    for name, value in list(given.items())[:MAX_CONTEXT_NAMES] if isinstance(given, dict) else ():
        plain = clean_paragraphs(value) if isinstance(value, str) else value
        chars += len(name) + len(str(plain))
        if chars > MAX_CONTEXT_CHARS:
            break
        finite = not isinstance(plain, float) or math.isfinite(plain)
        if (plain is None or isinstance(plain, str | int | float | bool)) and finite and 0 < len(clean_line(name)) <= MAX_NAME:
            kept[clean_line(name)] = plain
    return kept


def _line(given: Any) -> str | None:
    return clean_line(given)[:120] or None if isinstance(given, str) else None


def _email(given: Any) -> str | None:
    try:
        return normalise_email(given) if isinstance(given, str) and len(given) <= 254 else None
    except ValueError:
        return None
