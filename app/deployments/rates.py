"""Requests of one address at one deployment in one minute: counted in Redis, in one round trip (003 §12.5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, cast

import redis
import structlog
from sqlalchemy import select

from app.agents.models import Agent
from app.core.addresses import household
from app.core.transaction import after_commit
from app.deployments.models import Deployment
from app.extensions import db, redis_client, settings

log = structlog.get_logger(__name__)
LOWEST = 30
"""No master may ask for less, and no deployment goes below its master."""
HIGHEST = 600
WINDOW_SECONDS = 60
KNOWN_SECONDS = 60
"""How long Redis keeps the rate of a deployment; a change drops it at once."""

_COUNT = """
local limit = redis.call('GET', KEYS[1])
if not limit then return {-1, 0, 0} end
local count = redis.call('INCR', KEYS[2])
if count == 1 then redis.call('EXPIRE', KEYS[2], ARGV[1]) end
return {tonumber(limit), count, redis.call('TTL', KEYS[2])}
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """How far an address is in its minute."""

    limit: int
    count: int
    seconds_left: int

    @property
    def exceeded(self) -> bool:
        """Whether this request is one too many."""
        return self.count > self.limit


def count_request(deployment_id: str, address: str) -> Rate | None:
    """Count a request; None where nothing is limited, or while Redis is away (a limit is not worth a closed door).

    The acting visitor must see the deployment.
    """
    if not settings().ratelimit_enabled:
        return None
    keys = [_known_key(deployment_id), f"rate:{deployment_id}:{_hashed(address)}"]
    try:
        client = redis_client()
        limit, count, left = _run(client, keys)
        if limit < 0:
            client.set(keys[0], effective_rate(deployment_id), ex=KNOWN_SECONDS)
            limit, count, left = _run(client, keys)
    except redis.RedisError:
        log.warning("rate.not_counted")
        return None
    return Rate(limit, count, max(left, 1))


def _run(client: redis.Redis, keys: list[str]) -> list[int]:
    return cast(list[int], cast(Any, client).eval(_COUNT, len(keys), *keys, WINDOW_SECONDS))


def lowest_rate(agent: Agent) -> int:
    """What the master asks for at least."""
    asked = agent.whitelabel_config.get("min_rate_limit")
    return min(max(LOWEST, asked), HIGHEST) if isinstance(asked, int) else LOWEST


def effective_rate(deployment_id: str) -> int:
    """The deployment's own rate, never below its master's."""
    deployment, agent = db.session.execute(
        select(Deployment, Agent).join(Agent, Agent.id == Deployment.agent_id).where(Deployment.id == deployment_id)
    ).one()
    return max(int(deployment.rate_limit_per_ip), lowest_rate(agent))


def forget_rate(deployment_id: str) -> None:
    """Once the open transaction has committed, the next request reads the rate anew."""
    after_commit(lambda: redis_client().delete(_known_key(deployment_id)))


def _known_key(deployment_id: str) -> str:
    return f"rate:limit:{deployment_id}"


def _hashed(address: str) -> str:
    """An IPv6 household has a whole /64: it counts as one. Hashed, so that Redis keeps no address."""
    return hashlib.sha256(household(address).encode()).hexdigest()[:32]
