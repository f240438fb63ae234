"""Writing what was ordered: claim, model, keep; nothing is held while the model speaks (TRAPS.md, Jobs)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import update

from app.agents.models import Agent
from app.agents.queries import grant_of
from app.answering.config import ResolvedConfig, resolve
from app.answering.errors import AnswerFailedError
from app.answering.own_keys import own_model
from app.answering.request import Answer, Turn
from app.answering.trial import try_answer
from app.billing.models import UsageLog
from app.billing.service import log_calls
from app.core import clock
from app.core.acting import system
from app.core.jobs import JobInterrupted
from app.core.transaction import transaction
from app.extensions import db
from app.library.models import Content
from app.library.service import keep_written, offer_again
from app.llm.calls import ModelCall, usage_logs
from app.llm.resolving import named, platform_default

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=5)
"""Longer than a model may take; a worker that is told to stop gives the order back at once."""


def make(content_id: str, attempt: int, editor_id: str | None, artisan_id: str | None) -> None:
    """Write one ordered content. A job that comes twice, or too late, finds nothing to claim and does nothing."""
    tenant = system("content", editor_id=editor_id, artisan_id=artisan_id)
    with transaction(tenant):
        work = _claim(content_id, attempt)
    if work is None:
        return
    config, brief, ids = work
    spent: list[ModelCall] = []
    outcome: Answer | None = None
    try:
        outcome = try_answer(config, (Turn("user", brief),), calls=spent)
    except JobInterrupted:
        with transaction(tenant):
            logs = _log_spent(spent, ids)
            if (content := _locked(content_id, attempt)) is not None:
                _add_spent(content, logs)
                offer_again(content)
        raise
    except AnswerFailedError:
        log.info("content.failed", content_id=content_id)
    except Exception:
        log.exception("content.broken", content_id=content_id)
    with transaction(tenant):
        logs = _log_spent(spent, ids)
        if (content := _locked(content_id, attempt)) is None:
            log.info("content.overtaken", content_id=content_id, attempt=attempt)
        else:
            _add_spent(content, logs)
            _keep(content, outcome)


def _claim(content_id: str, attempt: int) -> tuple[ResolvedConfig, str, dict[str, Any]] | None:
    claimed = (
        update(Content)
        .where(Content.id == content_id, Content.status == "queued", Content.attempt == attempt)
        .values(status="running", lease_until=clock.now() + LEASE)
        .returning(Content.agent_id, Content.brief, Content.editor_id, Content.artisan_id, Content.author_id)
    )
    row = db.session.execute(claimed).one_or_none()
    if row is None:
        return None
    agent = db.session.get_one(Agent, row.agent_id)
    grant = grant_of(agent.id, row.editor_id) if row.editor_id else None
    config = resolve(
        agent,
        {},
        dedicated=False,
        platform=platform_default(),
        own=own_model(agent, granted=grant is not None and grant.allow_own_keys, editor_id=row.editor_id, artisan_id=row.artisan_id),
        granted_prompt=grant.prompt_override if grant else "",
        named=named,
    )
    ids = {"editor_id": row.editor_id, "artisan_id": row.artisan_id, "agent_id": row.agent_id, "user_id": row.author_id}
    return config, row.brief, ids


def _locked(content_id: str, attempt: int) -> Content | None:
    """The order, locked; None when it is no longer ours."""
    held = db.select(Content).where(Content.id == content_id, Content.status == "running", Content.attempt == attempt)
    return db.session.scalar(held.with_for_update())


def _log_spent(spent: Sequence[ModelCall], ids: Mapping[str, Any]) -> list[UsageLog]:
    """Log what the calls cost, also of an order that another worker took over meanwhile: the provider bills them all."""
    logs = usage_logs(spent, purpose="content", **ids)
    log_calls(logs)
    return logs


def _add_spent(content: Content, logs: Sequence[UsageLog]) -> None:
    """Add what the calls cost to the content's own figures."""
    content.cost_eur = sum((entry.cost_eur for entry in logs), start=content.cost_eur)
    content.tokens += sum(entry.prompt_tokens + entry.completion_tokens for entry in logs)


def _keep(content: Content, outcome: Answer | None) -> None:
    if outcome is None:
        content.status, content.error, content.lease_until = "failed", "model_unavailable", None
    else:
        content.model, content.latency_ms = outcome.model, outcome.latency_ms
        keep_written(content, outcome.text)
