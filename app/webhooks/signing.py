"""Signing of webhooks: the seed's header, and the Standard Webhooks trio (CONTRACT.md, Webhooks; 003 §15.2 E)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

_PREFIX = "whsec_"
_SECRET_BYTES = 30  # between the 24 and 64 bytes of the standard; a multiple of 3, so the base64 text has no padding


def new_webhook_secret() -> str:
    """A new secret as the editor sees it: `whsec_` and 40 characters of base64 (30 random bytes)."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def headers_for(event_id: str, event_type: str, body: bytes, secret: str, at: datetime) -> dict[str, str]:
    """The signature headers of one try. Id and body are the same at each try; the moment `at` (aware) and the signature are per try.

    `X-AiManager-Signature` takes the secret as shown for key, `webhook-signature` the bytes it decodes to.
    Raises ValueError when the secret is not one of ours or `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("a signature needs an aware moment")
    if not secret.startswith(_PREFIX):
        raise ValueError("a webhook secret starts with whsec_")
    key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    timestamp = str(int(at.timestamp()))
    standard = hmac.digest(key, b".".join((event_id.encode(), timestamp.encode(), body)), hashlib.sha256)
    return {
        "X-AiManager-Event": event_type,
        "X-AiManager-Signature": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(standard).decode('ascii')}",
    }
