"""What quoting refuses."""

from __future__ import annotations

from app.core.errors import DomainError


class QuoteRefusedError(DomainError):
    """What a model proposed is not a pre-quote; `reason` is a French sentence it can act upon."""

    status = 422
    code = "quote_refused"

    @property
    def reason(self) -> str:
        return self.message
