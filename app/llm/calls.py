"""What each call of a model came to: one `ModelCall` per HTTP call, one line of `usage_logs` for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.billing.models import UsageLog
from app.core import clock
from app.llm.prices import cost_of

_TURNED_AWAY = frozenset({"auth", "rate_limited", "refused", "overloaded", "unreachable"})
"""What a provider says before it works; it bills nothing then."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call: a round of tools, or a try that failed. A failed one counts what was sent and what had come, estimated.

    `error_class` is the kind of a ProviderError, « interrupted » (the worker had to stop) or « broken » (a bug of ours).
    `owner_id` is whose key was used: an account's, or None for the platform's.
    """

    provider: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    latency_ms: int
    ttft_ms: int | None
    success: bool
    error_class: str | None = None
    owner_id: str | None = None

    @property
    def is_billed(self) -> bool:
        """Whether the provider asks money for it: not when it turned the call away."""
        return self.completion_tokens > 0 or self.error_class not in _TURNED_AWAY


def usage_logs(calls: Iterable[ModelCall], *, purpose: str = "reply", at: datetime | None = None, **ids: Any) -> list[UsageLog]:
    """The lines of the log for these calls, with what each cost at that time; `ids` are columns that all of them share.

    To be kept by `billing.service.log_calls` in the transaction of the fact they belong to.
    """
    moment = at or clock.now()
    return [_line(call, purpose, moment, ids) for call in calls]


def _line(call: ModelCall, purpose: str, at: datetime, ids: Mapping[str, Any]) -> UsageLog:
    tokens = (call.prompt_tokens, call.completion_tokens) if call.is_billed else (0, 0)
    cost = cost_of(call.provider, call.model, *tokens, at)
    return UsageLog(
        **ids,
        purpose=purpose,
        paid_by=call.owner_id,
        provider=call.provider,
        model=call.model,
        prompt_tokens=call.prompt_tokens,
        completion_tokens=call.completion_tokens,
        estimated=call.estimated,
        latency_ms=call.latency_ms,
        ttft_ms=call.ttft_ms,
        success=call.success,
        error_class=call.error_class,
        cost=cost.amount,
        currency=cost.currency,
        cost_eur=cost.eur,
        unpriced_eur=cost.at_most if call.owner_id is None else Decimal(0),
        created_at=at,
    )
