"""Ordering a content, changing its words and tags, putting it away (000, conclusion)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from app.agents.models import Agent
from app.billing.budgets import spent_out
from app.conversations.models import Session
from app.core import clock
from app.core.acting import Actor, current_actor
from app.core.errors import ConflictError, InvalidError
from app.core.jobs import enqueue_after_commit
from app.core.text import clean_line, fold
from app.core.throttle import throttle
from app.extensions import db
from app.library import jobs
from app.library.models import Content
from app.library.queries import assistants_for, tenant_of

MAX_BRIEF, MAX_TITLE, MAX_BODY = 6_000, 120, 40_000
SHORT_TITLE = 80
"""Of the titles that a content is given by its own first line."""
MAX_TAGS, MAX_TAG = 12, 40
ORDERS_AN_HOUR = 60
WAIT = timedelta(seconds=20)
"""How long an order may wait in its queue before it is offered again."""
EMPTY: dict[str, Any] = {"title": "", "body": "", "tags": []}
NOT_NOW = ConflictError("Ce contenu est en cours d’écriture.", code="content_running")


def order_content(actor: Actor, agent_id: str, brief: str) -> Content:
    """Have an assistant write a content on a brief; a job does it. Raises InvalidError by field, ConflictError when the budget is spent, LimitError."""
    text = brief.replace("\r\n", "\n").replace("\x00", "").strip()
    agent = next((one for one in assistants_for(actor) if one.id == agent_id), None)
    errors = {}
    if agent is None:
        errors["agent_id"] = ["Choisissez un assistant de la liste."]
    if not text:
        errors["brief"] = ["Dites ce que vous souhaitez obtenir."]
    elif len(text) > MAX_BRIEF:
        errors["brief"] = [f"{MAX_BRIEF} caractères au plus."]
    if errors or agent is None:
        raise InvalidError("La demande est à corriger.", errors)
    editor_id, artisan_id = tenant_of(actor)
    _refuse_spent(editor_id)
    _not_too_many(actor)
    content = Content(
        editor_id=editor_id,
        artisan_id=artisan_id,
        author_id=actor.user_id,
        agent_id=agent.id,
        agent_name=agent.name,
        category=agent.category,
        brief=text,
        **EMPTY,
    )
    db.session.add(content)
    offer(content)
    return content


def retry_content(content: Content) -> None:
    """Try a failed order again. Raises ConflictError when it did not fail, the budget is spent or its assistant is no longer offered; LimitError."""
    if content.status != "failed":
        raise NOT_NOW if content.status != "done" else ConflictError("Ce contenu est déjà écrit.", code="content_done")
    actor = current_actor()
    if all(one.id != content.agent_id for one in assistants_for(actor)):
        raise ConflictError("Cet assistant n’est plus proposé : adressez votre demande à un autre.", code="agent_unavailable")
    _refuse_spent(content.editor_id)
    _not_too_many(actor)
    content.attempt, content.error = content.attempt + 1, None
    offer(content)


def offer_again(content: Content) -> None:
    """Queue an order that nobody works on: what another worker still writes for it is no longer taken."""
    content.attempt += 1
    offer(content)


def change_content(content: Content, *, title: str, body: str, tags: str) -> None:
    """Change the words and the tags (separated by commas) of a written content. Raises InvalidError by field, ConflictError."""
    if content.status != "done":
        raise NOT_NOW
    line, text = clean_line(title), body.replace("\r\n", "\n").replace("\x00", "").strip()
    words = list({fold(tag): tag for tag in (clean_line(tag).lower() for tag in tags.split(",")) if tag}.values())
    errors = {}
    if not line or len(line) > MAX_TITLE:
        errors["title"] = [f"De 1 à {MAX_TITLE} caractères."]
    if not text or len(text) > MAX_BODY:
        errors["body"] = [f"De 1 à {MAX_BODY} caractères."]
    if len(words) > MAX_TAGS or any(len(word) > MAX_TAG for word in words):
        errors["tags"] = [f"{MAX_TAGS} étiquettes au plus, de {MAX_TAG} caractères."]
    if errors:
        raise InvalidError("Le contenu est à corriger.", errors)
    content.title, content.body, content.tags = line, text, words
    index(content)


def put_away(content: Content) -> None:
    """Take a content out of the library; `bring_back` undoes it within 30 days. Raises ConflictError while it is being written."""
    if content.status in ("queued", "running"):
        raise NOT_NOW
    content.deleted_at = clock.now()


def bring_back(content: Content) -> None:
    """Undo `put_away`."""
    content.deleted_at = None


def keep_written(content: Content, body: str) -> None:
    """Give a content its words, and a title when it has none."""
    content.body, content.status, content.lease_until, content.error = body, "done", None, None
    content.title = content.title or title_of(body) or title_of(content.brief)
    index(content)


def kept_reply(agent: Agent, session: Session, *, message_id: str, brief: str, body: str) -> None:
    """Keep what a content assistant answered in a conversation: in its editor's library, else its artisan's, else the platform's."""
    content = Content(
        editor_id=session.editor_id,
        artisan_id=None if session.editor_id else session.artisan_id,
        agent_id=agent.id,
        agent_name=agent.name,
        category=agent.category,
        session_id=session.id,
        message_id=message_id,
        brief=brief,
        **EMPTY,
    )
    keep_written(content, body)
    db.session.add(content)


def index(content: Content) -> None:
    """Bring the searched text up to date."""
    content.search = fold(" ".join((content.title, content.agent_name, *content.tags, content.brief, content.body)))


def title_of(text: str) -> str:
    """The first line with words, without the marks of a heading or a list."""
    lines: Iterable[str] = (re.sub(r"^[\s#>*_\-–•\d.)]+|[*_#]+$", "", line).replace("**", "").strip() for line in text.splitlines())
    first = next((line for line in lines if re.search(r"\w", line)), "")
    return first if len(first) <= SHORT_TITLE else first[: SHORT_TITLE - 1].rsplit(" ", 1)[0].rstrip(" .,;:!?") + "…"


def _refuse_spent(editor_id: str | None) -> None:
    if editor_id and spent_out(editor_id):
        raise ConflictError(
            "Le budget d’intelligence artificielle de ce mois est dépensé. Vos contenus restent ici.", code="budget_exceeded"
        )


def _not_too_many(actor: Actor) -> None:
    """An artisan's orders have no budget above them: the platform's key answers so many, and no more."""
    throttle(f"content:{actor.account_id}", times=ORDERS_AN_HOUR, seconds=3600)


def offer(content: Content) -> None:
    """Put an order before a worker; a second job of the same attempt finds nothing to claim."""
    content.status, content.lease_until = "queued", clock.now() + WAIT
    index(content)
    db.session.flush()
    job_id = f"content-{content.id}-{content.attempt}"
    enqueue_after_commit(jobs.make_content, content.id, content.attempt, content.editor_id, content.artisan_id, job_id=job_id)
