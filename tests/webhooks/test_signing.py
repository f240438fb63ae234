"""A receiver checks our webhooks with the seed's snippet or with an off-the-shelf library (CONTRACT.md, Webhooks)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.webhooks.signing import headers_for, new_webhook_secret

BODY = '{"id": "evt_1", "event": "project.created", "data": {"description": "Rénovation 8 m²"}}'.encode()


def seed_snippet(payload: bytes, signature: str, webhook_secret: str) -> bool:
    """003 §15.2 E, line by line: `'sha256=' . hash_hmac('sha256', $payload, $webhook_secret)`, then `hash_equals`."""
    expected = "sha256=" + hmac.new(webhook_secret.encode(), payload, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


def signed(secret: str, body: bytes = BODY, at: datetime | None = None) -> dict[str, str]:
    return headers_for("evt_1", "project.created", body, secret, at or datetime.now(UTC))


def test_the_seeds_php_accepts_our_signature_and_no_other() -> None:
    secret = new_webhook_secret()
    headers = signed(secret)
    assert headers["X-AiManager-Event"] == "project.created"
    assert seed_snippet(BODY, headers["X-AiManager-Signature"], secret)
    assert not seed_snippet(BODY + b" ", headers["X-AiManager-Signature"], secret)
    assert not seed_snippet(BODY, headers["X-AiManager-Signature"], new_webhook_secret())


def test_the_standard_library_accepts_it_and_refuses_changes_and_replays() -> None:
    secret = new_webhook_secret()
    checker = Webhook(secret)
    headers = signed(secret)
    assert checker.verify(BODY, headers)["id"] == "evt_1"
    for bad in (
        signed(new_webhook_secret()),
        headers | {"webhook-id": "evt_2"},
        headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)},
        signed(secret, at=datetime.now(UTC) - timedelta(minutes=6)),
        signed(secret, at=datetime.now(UTC) + timedelta(minutes=6)),
    ):
        with pytest.raises(WebhookVerificationError):
            checker.verify(BODY, bad)
    with pytest.raises(WebhookVerificationError):
        checker.verify(BODY.replace(b"8", b"9"), headers)


def test_each_try_has_its_own_moment_and_the_same_id() -> None:
    secret = new_webhook_secret()
    at = datetime(2026, 11, 20, 12, 0, 0, 999_000, tzinfo=UTC)
    first, again = signed(secret, at=at), signed(secret, at=at + timedelta(minutes=1))
    assert (first["webhook-timestamp"], again["webhook-timestamp"]) == ("1795176000", "1795176060")
    assert first["webhook-signature"] != again["webhook-signature"]
    same = ("X-AiManager-Event", "X-AiManager-Signature", "webhook-id")
    assert [first[name] for name in same] == [again[name] for name in same]
    assert signed(secret, at=at.astimezone(timezone(timedelta(hours=1)))) == first


def test_a_known_signature() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = headers_for(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", "test", b'{"test": 2432232314}', secret, datetime.fromtimestamp(1614265330, tz=UTC)
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_are_long_and_distinct() -> None:
    made = {new_webhook_secret() for _ in range(100)}
    assert len(made) == 100
    for secret in made:
        assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{40}", secret)
        assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64


def test_a_naive_moment_or_a_foreign_secret_is_refused() -> None:
    with pytest.raises(ValueError):
        signed(new_webhook_secret(), at=datetime(2026, 11, 20, 12, 0, 0))
    for secret in ("", "secret", "whsec_*é"):
        with pytest.raises(ValueError):
            signed(secret)
