"""Every way in which a provider fails, and every way of showing it a key: the matrix that gateway, answers and replies are driven through."""

from __future__ import annotations

from dataclasses import dataclass

from app.llm.gateway import AuthMethod, ModelChoice
from tests.support.model_server import Auth, ModelServer, Reply, failing

KEY = "sk-plantee-0123456789abcdef"
AUTHS: dict[AuthMethod, Auth] = {
    "bearer": ("bearer", "", KEY),
    "header": ("header", "x-api-key", KEY),
    "query": ("query", "key", KEY),
}
SOONER = 0.4
"""The silence that tests wait for, in place of 30 s."""


@dataclass(frozen=True)
class Fault:
    """`sent` and `came` say whether tokens of the question and of an answer count; `asks_money` whether the provider bills the call."""

    name: str
    reply: Reply | None
    kind: str
    sent: bool = True
    came: bool = False
    asks_money: bool = False
    retry_after: float | None = None
    opens: bool = True


FAULTS = (
    Fault("401", failing(401, "invalid_api_key"), "auth"),
    Fault("429", failing(429, "rate_limit_exceeded", retry_after="7"), "rate_limited", retry_after=7.0),
    Fault("500", failing(500, "server_error"), "overloaded"),
    Fault("400", failing(400, "content_policy_violation"), "refused", opens=False),
    Fault("cut", Reply(text="Je commence une phrase que je ne finirai", cut_after=4), "cut", came=True, asks_money=True),
    Fault("silence", Reply(text="Je commence puis plus rien du tout", silent_after=4), "timeout", came=True, asks_money=True),
    Fault("slow-first", Reply(first=60), "timeout", asks_money=True),
    Fault("garbage", Reply(raw=b"data: {not json\n\n"), "bad_response", asks_money=True),
    Fault("page", Reply(raw=b"<html>502</html>"), "bad_response", asks_money=True),
    Fault("filter", Reply(text="Je ne peux pas.", finish="content_filter"), "refused", came=True, asks_money=True, opens=False),
    Fault("empty", Reply(text=" \n"), "bad_response", asks_money=True, opens=False),
    Fault("unreachable", None, "unreachable", sent=False),
)
BY_NAME = {fault.name: fault for fault in FAULTS}


def prepared(models: ModelServer, fault: Fault, method: AuthMethod, *, provider: str = "openai", model: str = "gpt-4o") -> ModelChoice:
    """The server as it fails, and the choice that runs into it; « unreachable » is a port where nobody listens."""
    models.auth = AUTHS[method]
    if fault.reply:
        models.script(model, fault.reply)
    base_url = models.base_url if fault.reply else "http://127.0.0.1:1/v1"
    _, name, key = AUTHS[method]
    return ModelChoice(provider, model, base_url, key, auth_method=method, auth_name=name or None)


def working(models: ModelServer, method: AuthMethod, *, provider: str = "openai", model: str = "gpt-4o-mini") -> ModelChoice:
    """A model of the same server that answers « Bonjour, je vous écoute. »"""
    models.script(model, Reply())
    _, name, key = AUTHS[method]
    return ModelChoice(provider, model, models.base_url, key, auth_method=method, auth_name=name or None)
