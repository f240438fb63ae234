"""The rate of a deployment on requests that write, told in every answer (CONTRACT.md, HTTP: `X-RateLimit-*`, `Retry-After`)."""

from __future__ import annotations

import time

from flask import g, request

from app.core.errors import LimitError
from app.deployments.rates import count_request


def limit_requests(deployment_id: str) -> None:
    """Count this request for its address. Raises LimitError (429 `rate_limited`)."""
    rate = count_request(deployment_id, request.remote_addr or "")
    if rate is None:
        return
    g.rate_headers = {
        "X-RateLimit-Limit": str(rate.limit),
        "X-RateLimit-Remaining": str(max(0, rate.limit - rate.count)),
        "X-RateLimit-Reset": str(int(time.time()) + rate.seconds_left),
    }
    if rate.exceeded:
        raise LimitError("Trop de demandes en peu de temps. Réessayez dans un instant.", code="rate_limited", retry_after=rate.seconds_left)
