"""Writing a reply: claim, model, store. Three steps, two transactions, nothing held while the model speaks (TRAPS.md, Jobs)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from app.agents.models import Agent, AgentGrant, AgentPrivate
from app.answering.config import resolve
from app.answering.errors import AnswerFailedError
from app.answering.events import AnswerEvent, Restart, Token, ToolUsed
from app.answering.own_keys import own_model
from app.answering.request import Answer, AnswerRequest, Attachment, Turn
from app.answering.service import answer
from app.billing.models import UsageLog
from app.billing.service import log_calls
from app.conversations import facts, posting, queries, replies_queue
from app.conversations.models import Message, Session
from app.conversations.replies_queue import stream_key
from app.conversations.running import LEASE, running
from app.conversations.service import tell_end
from app.core import clock
from app.core.acting import Actor, system
from app.core.format import euro
from app.core.jobs import JobInterrupted
from app.core.rows import mark_changed
from app.core.storage import PAGE_SECONDS
from app.core.streams import publisher
from app.core.transaction import act_as, transaction
from app.deployments.models import Deployment
from app.extensions import db
from app.files.models import File
from app.files.service import signed_url
from app.llm.calls import ModelCall, usage_logs
from app.llm.resolving import named, platform_default
from app.notifications.service import notify
from app.quoting.catalogue import Catalogue, PriceEntry
from app.quoting.models import PreQuote, Project
from app.quoting.service import Parties, prices_for, record_pre_quote
from app.webhooks.models import Event
from app.webhooks.service import tell_after_commit

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What one reply needs, read once."""

    message_id: str
    session_id: str
    attempt: int
    agent_id: str
    deployment_id: str
    request: AnswerRequest


def write_reply(message_id: str, attempt: int, editor_id: str | None, artisan_id: str | None) -> None:
    """Write one reply. A job that comes twice, or too late, finds nothing to claim and does nothing."""
    tenant = system("reply", editor_id=editor_id, artisan_id=artisan_id)
    with transaction(tenant):
        work = _claim(message_id, attempt, editor_id, artisan_id)
    if work is None:
        return
    running.add(current_app._get_current_object(), message_id, attempt)  # type: ignore[attr-defined]
    stream = _Telling(stream_key(message_id), attempt)
    spent: list[ModelCall] = []
    try:
        outcome: Answer | AnswerFailedError = answer(work.request, stream.tell, spent)
    except AnswerFailedError as error:
        outcome = error
    except JobInterrupted:
        _give_back(tenant, work, stream.attempt, spent)
        raise
    except Exception:
        # A bug of ours: the person is told at once and may try again.
        log.exception("reply.broken", message_id=message_id)
        outcome = AnswerFailedError(())
    finally:
        running.remove(message_id)
    if not _store(tenant, work, outcome, stream.attempt, spent):
        log.info("reply.overtaken", message_id=message_id, attempt=attempt)


def _give_back(tenant: Actor, work: Work, told_attempt: int, spent: list[ModelCall]) -> None:
    """The worker must stop: another one begins the reply again at once, under the next attempt. What was spent was spent."""
    with transaction(tenant):
        reply = _locked(work)
        if reply is not None:
            reply.attempt = told_attempt
            replies_queue.requeue(reply)
        _log_overtaken(tenant, work, spent)


def _locked(work: Work) -> Message | None:
    """The reply, locked; None when it is no longer ours."""
    return db.session.scalar(
        select(Message)
        .where(Message.id == work.message_id, Message.status == "processing", Message.attempt == work.attempt)
        .with_for_update()
    )


class _Telling:
    """Passes what happens on to the stream; `attempt` counts the restarts."""

    def __init__(self, key: str, attempt: int) -> None:
        self.attempt = attempt
        self._key = key
        self._publisher = publisher()

    def tell(self, event: AnswerEvent) -> None:
        match event:
            case Token(text):
                self._publisher.token(self._key, self.attempt, text)
            case ToolUsed(name, label):
                self._publisher.event(self._key, self.attempt, "tool", {"name": name, "label": label})
            case Restart(number):
                self.attempt = number
                self._publisher.event(self._key, number, "restart", {"attempt": number})


_reply, _earlier, _told, _session = (
    Message.__table__,
    Message.__table__.alias("earlier"),
    Message.__table__.alias("told"),
    Session.__table__,
)
_deployment, _agent, _private, _grant = Deployment.__table__, Agent.__table__, AgentPrivate.__table__, AgentGrant.__table__
_AGENT_COLUMNS = (
    "model", "fallback_model", "temperature", "top_p", "frequency_penalty", "presence_penalty", "max_tokens", "context_window",
    "tools", "supports_tools", "output_schemas", "supports_images", "whitelabel_config", "deployment_mode",
)  # fmt: skip
_GRANTED = select(func.jsonb_build_array(_grant.c.prompt_override, _grant.c.allow_own_keys)).where(
    _grant.c.agent_id == _agent.c.id, _grant.c.editor_id == _session.c.editor_id, _grant.c.enabled
)
"""In one value: this is asked at every reply."""
_TURNS = select(
    func.jsonb_agg(aggregate_order_by(func.jsonb_build_array(_told.c.id, _told.c.sender, _told.c.content), _told.c.position), type_=JSONB)
).where(_told.c.session_id == _session.c.id, _told.c.position < _reply.c.position)
"""The conversation up to the message that the reply answers."""
_CLAIM = (
    update(_reply)
    .where(
        _reply.c.id == bindparam("message_id"),
        _reply.c.status == "queued",
        _reply.c.attempt == bindparam("claimed_attempt"),
        ~select(_earlier.c.id)
        .where(
            _earlier.c.session_id == _reply.c.session_id,
            _earlier.c.sender == "agent",
            queries.unfinished(_earlier.c.status),
            _earlier.c.position < _reply.c.position,
        )
        .exists(),
        _session.c.id == _reply.c.session_id,
        _deployment.c.id == _session.c.deployment_id,
        _agent.c.id == _session.c.agent_id,
        _private.c.agent_id == _session.c.agent_id,
    )
    .values(status="processing", lease_until=bindparam("lease"))
    .returning(
        _TURNS.scalar_subquery().label("turns"),
        _session.c.id.label("session_id"),
        _session.c.artisan_name,
        _session.c.context,
        _session.c.untrusted_context,
        _session.c.files_count,
        _deployment.c.id.label("deployment_id"),
        _deployment.c.mode,
        _deployment.c.config_overlay,
        *(_agent.c[name] for name in _AGENT_COLUMNS),
        _private.c.system_prompt,
        _private.c.ollama_host,
        _private.c.ollama_port,
        _GRANTED.scalar_subquery().label("granted"),
        _agent.c.id.label("agent_id"),
    )
)


def _claim(message_id: str, attempt: int, editor_id: str | None, artisan_id: str | None) -> Work | None:
    """Take the reply, unless it is taken, finished, of another attempt, or behind another of the same conversation."""
    claim = {"message_id": message_id, "claimed_attempt": attempt, "lease": clock.now() + LEASE}
    row = db.session.connection().execute(_CLAIM, claim).one_or_none()
    if row is None:
        return None
    granted_prompt, granted_keys = row.granted or ("", False)
    return Work(
        message_id=message_id,
        session_id=row.session_id,
        attempt=attempt,
        agent_id=row.agent_id,
        deployment_id=row.deployment_id,
        request=AnswerRequest(
            config=resolve(
                row,
                row.config_overlay,
                dedicated=row.mode == "dedicated",
                platform=platform_default(),
                own=own_model(row, granted=granted_keys, editor_id=editor_id, artisan_id=artisan_id),
                granted_prompt=granted_prompt,
                named=named,
            ),
            turns=_turns(row.session_id, row.turns, with_files=row.files_count > 0),
            artisan_name=row.artisan_name,
            context={**row.untrusted_context, **row.context},
            catalogue=Catalogue(lambda: _prices(editor_id, artisan_id)),
            should_stop=partial(running.should_stop, message_id),
            attempt=attempt,
        ),
    )


def _prices(editor_id: str | None, artisan_id: str | None) -> list[PriceEntry]:
    """The price library, read when the model first asks for a price: by then the claim is long committed."""
    with transaction(system("prices", editor_id=editor_id, artisan_id=artisan_id)):
        return prices_for(editor_id, artisan_id)


def _turns(session_id: str, told: list[list[str]] | None, *, with_files: bool) -> tuple[Turn, ...]:
    """What was said, by whom, with its files. Answers that failed or were left empty are not told."""
    files = queries.files_by_message(session_id) if with_files else {}
    turns = []
    for message_id, sender, content in told or ():
        if sender == "visitor":
            sent = tuple(_attachment(file) for file in files.get(message_id, ()) if file.status != "refused")
            turns.append(Turn("user", content, sent))
        elif content:
            turns.append(Turn("assistant", content))
    return tuple(turns)


def _attachment(file: File) -> Attachment:
    if file.mime_type == "application/pdf":
        return Attachment(file.name, "document")
    return Attachment(file.name, "photo", signed_url(file.full_key, PAGE_SECONDS, absolute=True))


def _store(tenant: Actor, work: Work, outcome: Answer | AnswerFailedError, told_attempt: int, spent: list[ModelCall]) -> bool:
    """Keep the reply, what it proposed and what it cost, with their events. False when the reply is no longer ours: then only what it cost."""
    now = clock.now()
    with transaction(tenant):
        locked = db.session.execute(_LOCK, {"message_id": work.message_id, "attempt": work.attempt}).one_or_none()
        if locked is None:
            _log_overtaken(tenant, work, spent)
            return False
        session, reply = locked
        _follow(tenant, session)
        ended: dict[str, Any] = {"attempt": told_attempt, "lease_until": None, "completed_at": now}
        changes: dict[str, Any] = {"last_activity_at": now}
        if isinstance(outcome, AnswerFailedError):
            ended |= {"status": "failed", "error": outcome.failures[-1].kind if outcome.failures else "unknown"}
        else:
            ended |= _answered(outcome)
            changes |= {
                "tokens_used": session.tokens_used + outcome.prompt_tokens + outcome.completion_tokens,
                "messages_count": session.messages_count + (ended["status"] == "completed"),
            }
        mark_changed(reply, ended)
        mark_changed(session, changes)
        events, quote = [], None
        if isinstance(outcome, Answer) and reply.status == "completed":
            events = _events(session, reply)
            quote = _keep_draft(session, reply, outcome)
        calls = _usage_logs(session, work, spent)
        following = posting.end(session, changes, reply=reply, ended=ended, events=events, calls=calls)
        for event in events:
            tell_after_commit(event)
        replies_queue.announce_after_commit(reply, quote)
        if following is not None:
            replies_queue.offer_again(db.session.get_one(Message, following))
        tell_end(session)
    return True


_LOCK = (
    select(Session, Message)
    .join(Message, Message.session_id == Session.id)
    .where(
        Message.id == bindparam("message_id"),
        Message.status == "processing",
        Message.attempt == bindparam("attempt"),
        Session.status != "deleted",
    )
    .with_for_update()
)


def _answered(outcome: Answer) -> dict[str, Any]:
    """What an answer makes of its row. One that was stopped before its first word says nothing."""
    return {
        "status": "cancelled" if outcome.stopped and not outcome.text else "completed",
        "content": outcome.text,
        "details": {
            "model": outcome.model,
            "provider": outcome.provider,
            "tokens": outcome.prompt_tokens + outcome.completion_tokens,
            "generation_time_ms": outcome.latency_ms,
            "ttft_ms": outcome.ttft_ms,
            "tools": outcome.tools_used,
            "refusals": outcome.refusals,
            "stopped": outcome.stopped,
        },
    }


def _events(session: Session, reply: Message) -> list[Event]:
    """That the answer came."""
    data = facts.message_data(reply)
    told = data | {"metadata": {key: reply.details[key] for key in METADATA}}
    return [facts.fact("message.created", session, data), facts.fact("message.received", session, told)]


def _keep_draft(session: Session, reply: Message, outcome: Answer) -> PreQuote | None:
    """Returns the pre-quote that came with the answer."""
    quote: PreQuote | None = None
    for draft in outcome.drafts[-1:]:
        parties = Parties(session.id, session.editor_id, session.artisan_id, session.particulier_id)
        project, quote, is_new = record_pre_quote(parties, draft, reply.id)
        session.title, session.total_ttc = project.title, quote.total_ttc
        db.session.flush()
        facts.tell("project.created" if is_new else "project.updated", session, facts.project_data(session))
        if is_new:
            _tell_artisan(session, project, quote)
    return quote


METADATA = ("model", "tokens", "generation_time_ms")


def _tell_artisan(session: Session, project: Project, quote: PreQuote) -> None:
    if session.artisan_id:
        notify(
            session.artisan_id,
            kind="project_created",
            title=f"Nouvelle estimation : {project.title}",
            body=f"{session.visitor_name or 'Votre client'} a reçu une estimation indicative de {euro(quote.total_ttc)} TTC.",
            url=session.artisan_path,
        )


def _follow(tenant: Actor, session: Session) -> None:
    """The artisan may have accepted his editor's link while the reply was written: the conversation is his from then on."""
    if session.artisan_id != tenant.artisan_id:
        act_as(replace(tenant, artisan_id=session.artisan_id))


def _usage_logs(session: Session, work: Work, spent: list[ModelCall]) -> list[UsageLog]:
    """One line for each call of a model that was made for the reply."""
    return usage_logs(
        spent,
        session_id=session.id,
        message_id=work.message_id,
        editor_id=session.editor_id,
        artisan_id=session.artisan_id,
        particulier_id=session.particulier_id,
        agent_id=work.agent_id,
        deployment_id=work.deployment_id,
    )


def _log_overtaken(tenant: Actor, work: Work, spent: list[ModelCall]) -> None:
    """The reply is not ours to end; its calls were made all the same. Of an erased conversation nothing is kept."""
    session = db.session.get(Session, work.session_id) if spent else None
    if session is not None and session.status != "deleted":
        _follow(tenant, session)
        log_calls(_usage_logs(session, work, spent))
