"""Writing a reply: claim, model, store. Three steps, two transactions, nothing held while the model speaks (TRAPS.md, Jobs)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from app.agents.models import Agent
from app.answering.config import resolve
from app.answering.errors import AnswerFailedError
from app.answering.events import AnswerEvent, Restart, Token, ToolUsed
from app.answering.request import Answer, AnswerRequest, Attachment, Turn
from app.answering.service import answer
from app.billing.models import UsageLog
from app.billing.service import log_call
from app.conversations import facts, queries, replies_queue
from app.conversations.models import Message, Session
from app.conversations.replies_queue import stream_key
from app.conversations.running import LEASE, running
from app.core import clock
from app.core.acting import Actor, system
from app.core.format import euro
from app.core.jobs import JobInterrupted
from app.core.storage import PAGE_SECONDS
from app.core.streams import publisher
from app.core.transaction import act_as, transaction
from app.deployments.models import Deployment
from app.extensions import db, settings
from app.files.models import File
from app.files.service import signed_url
from app.llm.errors import ProviderError
from app.llm.gateway import platform_choice
from app.notifications.service import notify
from app.quoting.catalogue import Catalogue, PriceEntry
from app.quoting.models import PreQuote, Project
from app.quoting.service import Parties, prices_for, record_pre_quote

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What one reply needs, read once."""

    message_id: str
    session_id: str
    attempt: int
    agent_id: str
    request: AnswerRequest


def write_reply(message_id: str, attempt: int, editor_id: str | None, artisan_id: str | None) -> None:
    """Write one reply. A job that comes twice, or too late, finds nothing to claim and does nothing."""
    tenant = system("reply", editor_id=editor_id, artisan_id=artisan_id)
    with transaction(tenant):
        work = _claim(message_id, attempt)
    if work is None:
        return
    running.add(current_app._get_current_object(), message_id, attempt)  # type: ignore[attr-defined]
    stream = _Telling(stream_key(message_id), attempt)
    try:
        outcome: Answer | AnswerFailedError = answer(work.request, stream.tell)
    except AnswerFailedError as error:
        outcome = error
    except JobInterrupted:
        _give_back(tenant, work, stream.attempt)
        raise
    except Exception:
        # A bug of ours: the person is told at once and may try again.
        log.exception("reply.broken", message_id=message_id)
        outcome = AnswerFailedError(())
    finally:
        running.remove(message_id)
    if not _store(tenant, work, outcome, stream.attempt):
        log.info("reply.overtaken", message_id=message_id, attempt=attempt)


def _give_back(tenant: Actor, work: Work, told_attempt: int) -> None:
    """The worker must stop: another one begins the reply again at once, under the next attempt."""
    with transaction(tenant):
        reply = _locked(work)
        if reply is not None:
            reply.attempt = told_attempt
            replies_queue.requeue(reply)


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


def _claim(message_id: str, attempt: int) -> Work | None:
    """Take the reply, unless it is taken, finished, of another attempt, or behind another of the same conversation."""
    earlier = aliased(Message)
    waits = (
        select(earlier.id)
        .where(
            earlier.session_id == Message.session_id,
            earlier.sender == "agent",
            earlier.status.in_(queries.UNFINISHED),
            earlier.position < Message.position,
        )
        .exists()
    )
    claimed = db.session.execute(
        update(Message)
        .where(Message.id == message_id, Message.status == "queued", Message.attempt == attempt, ~waits)
        .values(status="processing", lease_until=clock.now() + LEASE)
        .execution_options(synchronize_session=False)
    )
    if claimed.rowcount != 1:
        return None
    row = db.session.execute(
        select(
            Message.position,
            Session.id,
            Session.editor_id,
            Session.artisan_id,
            Session.artisan_name,
            Session.context,
            Session.untrusted_context,
            Session.files_count,
            Deployment.mode,
            Deployment.config_overlay,
            Agent,
        )
        .join(Session, Session.id == Message.session_id)
        .join(Deployment, Deployment.id == Session.deployment_id)
        .join(Agent, Agent.id == Session.agent_id)
        .where(Message.id == message_id)
    ).one()
    editor_id, artisan_id = row.editor_id, row.artisan_id
    config = resolve(row.Agent, row.config_overlay, dedicated=row.mode == "dedicated", platform=platform_choice(settings()))
    return Work(
        message_id=message_id,
        session_id=row.id,
        attempt=attempt,
        agent_id=row.Agent.id,
        request=AnswerRequest(
            config=config,
            turns=_turns(row.id, row.position, with_files=row.files_count > 0),
            artisan_name=row.artisan_name,
            context={**row.untrusted_context, **row.context},
            catalogue=Catalogue(lambda: _prices(editor_id, artisan_id)),
            should_stop=lambda: running.should_stop(message_id),
            attempt=attempt,
        ),
    )


def _prices(editor_id: str | None, artisan_id: str | None) -> list[PriceEntry]:
    """The price library, read when the model first asks for a price: by then the claim is long committed."""
    with transaction(system("prices", editor_id=editor_id, artisan_id=artisan_id)):
        return prices_for(editor_id, artisan_id)


def _turns(session_id: str, before: int, *, with_files: bool) -> tuple[Turn, ...]:
    """The conversation up to the message that the reply answers. Answers that failed or were left empty are not told."""
    earlier = db.session.execute(
        select(Message.id, Message.sender, Message.content)
        .where(Message.session_id == session_id, Message.position < before)
        .order_by(Message.position)
    ).all()
    files = queries.files_by_message(session_id) if with_files else {}
    turns = []
    for message in earlier:
        if message.sender == "visitor":
            sent = tuple(_attachment(file) for file in files.get(message.id, ()) if file.status != "refused")
            turns.append(Turn("user", message.content, sent))
        elif message.content:
            turns.append(Turn("assistant", message.content))
    return tuple(turns)


def _attachment(file: File) -> Attachment:
    if file.mime_type == "application/pdf":
        return Attachment(file.name, "document")
    return Attachment(file.name, "photo", signed_url(file.full_key, PAGE_SECONDS, absolute=True))


def _store(tenant: Actor, work: Work, outcome: Answer | AnswerFailedError, told_attempt: int) -> bool:
    """Keep the reply, what it proposed and what it cost, with their events. False when the reply is no longer ours."""
    now = clock.now()
    with transaction(tenant):
        session = db.session.scalar(select(Session).where(Session.id == work.session_id, Session.status != "deleted").with_for_update())
        reply = _locked(work)
        if session is None or reply is None:
            return False
        # The artisan may have accepted his editor's link while the reply was written.
        if session.artisan_id != tenant.artisan_id:
            act_as(replace(tenant, artisan_id=session.artisan_id))
        reply.attempt, reply.lease_until, reply.completed_at = told_attempt, None, now
        failures, quote = outcome.failures, None
        for failure in failures:
            log_call(_failed_call(work, reply, failure))
        if isinstance(outcome, AnswerFailedError):
            reply.status, reply.error = "failed", failures[-1].kind if failures else "unknown"
        else:
            quote = _keep_answer(session, reply, work, outcome)
        session.last_activity_at = now
        db.session.flush()
        replies_queue.announce_after_commit(reply, quote)
        _wake_next(reply)
    return True


def _keep_answer(session: Session, reply: Message, work: Work, outcome: Answer) -> PreQuote | None:
    """Returns the pre-quote that came with the answer."""
    quote: PreQuote | None = None
    reply.status, reply.content = "cancelled" if outcome.stopped and not outcome.text else "completed", outcome.text
    reply.details = {
        "model": outcome.model,
        "provider": outcome.provider,
        "tokens": outcome.prompt_tokens + outcome.completion_tokens,
        "generation_time_ms": outcome.latency_ms,
        "ttft_ms": outcome.ttft_ms,
        "tools": outcome.tools_used,
        "refusals": outcome.refusals,
        "stopped": outcome.stopped,
    }
    session.tokens_used += outcome.prompt_tokens + outcome.completion_tokens
    log_call(
        UsageLog(
            **_of(reply),
            agent_id=work.agent_id,
            provider=outcome.provider,
            model=outcome.model,
            prompt_tokens=outcome.prompt_tokens,
            completion_tokens=outcome.completion_tokens,
            estimated=outcome.estimated,
            latency_ms=outcome.latency_ms,
            ttft_ms=outcome.ttft_ms,
            success=True,
        )
    )
    if reply.status == "cancelled":
        return None
    session.messages_count += 1
    facts.tell("message.created", session, facts.message_data(reply))
    facts.tell("message.received", session, facts.message_data(reply) | {"metadata": {key: reply.details[key] for key in METADATA}})
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
            title=f"Nouvelle estimation : {project.title}",
            body=f"{session.visitor_name or 'Votre client'} a reçu une estimation indicative de {euro(quote.total_ttc)} TTC.",
            url=f"/artisan/conversations/{session.id}",
        )


def _failed_call(work: Work, reply: Message, failure: ProviderError) -> UsageLog:
    return UsageLog(
        **_of(reply),
        agent_id=work.agent_id,
        provider=failure.provider or "unknown",
        model=failure.model or "unknown",
        prompt_tokens=0,
        completion_tokens=0,
        estimated=True,
        latency_ms=0,
        success=False,
        error_class=failure.kind,
    )


def _of(reply: Message) -> dict[str, Any]:
    return {
        "session_id": reply.session_id,
        "message_id": reply.id,
        "editor_id": reply.editor_id,
        "artisan_id": reply.artisan_id,
        "particulier_id": reply.particulier_id,
    }


def _wake_next(reply: Message) -> None:
    """The next reply of the conversation waited for this one."""
    following = db.session.scalar(
        select(Message)
        .where(Message.session_id == reply.session_id, Message.status == "queued", Message.position > reply.position)
        .order_by(Message.position)
        .limit(1)
    )
    if following is not None:
        replies_queue.offer_again(following)
