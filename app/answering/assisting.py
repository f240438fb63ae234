"""`POST /api/assist`: one answer for a partner's own application, by the caller's active configuration (001 §6)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from app.answering.config import ResolvedConfig
from app.answering.errors import BadModelAnswerError
from app.answering.request import Answer, Turn
from app.answering.trial import try_answer
from app.billing.budgets import refuse_spent_out
from app.billing.service import log_calls
from app.core.acting import Actor
from app.core.transaction import release, transaction
from app.llm.active import prompt_in_force
from app.llm.calls import ModelCall, usage_logs
from app.llm.gateway import LOCAL
from app.llm.resolving import account_default, platform_default
from app.llm.starting import load_client

log = structlog.get_logger(__name__)
WINDOW = 100
MAX_TOKENS = 2000
TEMPERATURE = 0.3
IN_JSON = (
    "Répondez uniquement par un objet JSON valide, sans aucun texte avant ni après et sans bloc de code. "
    "Répondez toujours, même par un objet qui dit ce qui manque."
)
AGAIN = "Ceci n’est pas un objet JSON valide. Donnez la même réponse, uniquement sous la forme d’un objet JSON."
_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Assisted:
    """The answer: text, or a JSON object when one was asked for; and what it took. Never a key."""

    content: str | dict[str, Any]
    provider: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    latency_ms: int


def assist(actor: Actor, owner_id: str | None, instructions: Sequence[str], turns: Sequence[Turn], *, as_json: bool) -> Assisted:
    """Answer `turns` with the active model of `owner_id` (None: the platform's), or the platform's default when he has none.

    `instructions` come after those of the configuration. The open transaction gives its connection back and must have nothing
    to write; every call is logged in a transaction of its own, whatever came of it. Raises AnswerFailedError,
    BadModelAnswerError after a second try that is no JSON either, LimitError `budget_exceeded` when the platform's keys are
    spent out for this editor.
    """
    own = account_default(owner_id) if owner_id else None
    choice = own or platform_default() or LOCAL
    if choice != LOCAL and choice.owner_id is None and actor.role == "editeur":
        refuse_spent_out(owner_id)
    told = [prompt_in_force(owner_id) if own or owner_id is None else "", *instructions]
    formatted = as_json and choice != LOCAL
    config = ResolvedConfig(
        system_prompt="\n\n".join(filter(None, [*told, IN_JSON if formatted else ""])),
        choices=(choice,),
        temperature=TEMPERATURE,
        max_tokens=MAX_TOKENS,
        context_window=WINDOW,
        response_format={"type": "json_object"} if formatted else None,
    )
    calls: list[ModelCall] = []
    if choice != LOCAL:
        load_client()
    release()
    try:
        answer, content = _answered(config, list(turns), calls, as_json)
    finally:
        _keep(actor, owner_id, calls)
    return Assisted(
        content=content,
        provider=answer.provider,
        model=answer.model,
        prompt_tokens=sum(call.prompt_tokens for call in calls),
        completion_tokens=sum(call.completion_tokens for call in calls),
        estimated=any(call.estimated for call in calls),
        latency_ms=sum(call.latency_ms for call in calls),
    )


def _answered(config: ResolvedConfig, turns: list[Turn], calls: list[ModelCall], as_json: bool) -> tuple[Answer, str | dict[str, Any]]:
    answer = try_answer(config, turns, calls=calls)
    if not as_json:
        return answer, answer.text
    if answer.provider == LOCAL.provider:
        # The built-in engine writes sentences only: the object around them is ours.
        return answer, {"reponse": answer.text}
    content = read_object(answer.text)
    if content is None:
        log.info("assist.no_json", provider=answer.provider, model=answer.model)
        answer = try_answer(config, [*turns, Turn("assistant", answer.text), Turn("user", AGAIN)], calls=calls)
        content = read_object(answer.text)
    if content is None:
        raise BadModelAnswerError()
    return answer, content


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, fences left out; None when it is anything else: NaN, the infinite and half characters included."""
    fenced = _FENCE.match(text)
    try:
        found = json.loads(fenced.group(1) if fenced else text, parse_constant=_finite, parse_float=_finite)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number)
    return value


def _keep(actor: Actor, owner_id: str | None, calls: list[ModelCall]) -> None:
    """The log of what was called, by whom: kept even when the request is refused and rolls back."""
    if not calls:
        return
    tenant = {"editor_id": owner_id} if actor.role == "editeur" else {"artisan_id": owner_id} if actor.role == "artisan" else {}
    with transaction(actor):
        log_calls(usage_logs(calls, purpose="assist", user_id=actor.user_id, **tenant))
