"""What can go wrong with a provider, in one vocabulary. Nothing here is for a visitor's eyes, and nothing holds a key."""

from __future__ import annotations

from typing import Literal

ErrorKind = Literal["auth", "rate_limited", "overloaded", "timeout", "refused", "bad_response", "cut", "unreachable", "unavailable"]
"""« unavailable »: not called at all, its breaker being open."""


class ProviderError(Exception):
    """A provider did not answer as it should. `retry_after` is in seconds, when it said so.

    `message_internal` is made of our own words, statuses and error codes: never of the provider's sentences, which may
    repeat a key or what a visitor wrote. `status` and `code` are the HTTP status and the provider's own code, where there were any.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message_internal: str,
        *,
        provider: str,
        model: str,
        retry_after: float | None = None,
        status: int | None = None,
        code: str = "",
    ) -> None:
        super().__init__(f"{provider} ({model}): {kind}: {message_internal}")
        self.kind = kind
        self.message_internal = message_internal
        self.provider = provider
        self.model = model
        self.retry_after = retry_after
        self.status = status
        self.code = code
