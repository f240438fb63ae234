"""Providers' keys at rest: sealed for one owner, one provider and one address, so that a row that was changed by hand opens nothing."""

from __future__ import annotations

from app.core.crypto import seal, unseal


def seal_key(key: str, owner_id: str | None, provider: str, base_url: str) -> str:
    """Encrypt a key under the newest master key."""
    return seal(key.encode(), purpose=_purpose(owner_id, provider, base_url))


def unseal_key(sealed: str, owner_id: str | None, provider: str, base_url: str) -> str:
    """The key, if it was sealed for these. Raises UnsealError."""
    return unseal(sealed, purpose=_purpose(owner_id, provider, base_url)).decode()


def _purpose(owner_id: str | None, provider: str, base_url: str) -> str:
    return f"provider-key:{owner_id or 'platform'}:{provider}:{base_url}"
