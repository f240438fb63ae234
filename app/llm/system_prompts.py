"""Prompts that an owner keeps for his own uses; activating one copies it into his active configuration (001 §5.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select, update

from app.audit.service import record
from app.core import clock
from app.core.errors import ConflictError, InvalidError, LimitError, NotFoundError
from app.extensions import db
from app.llm.active import keep_snapshot
from app.llm.models import SystemPrompt
from app.llm.owning import lock_owner

MAX_PROMPTS = 100
MAX_NAME, MAX_CONTENT = 120, 20_000


def list_prompts(owner_id: str | None) -> Sequence[SystemPrompt]:
    """An owner's prompts, the oldest first."""
    return db.session.scalars(_of(owner_id).order_by(SystemPrompt.created_at, SystemPrompt.id)).all()


def prompt_by_id(owner_id: str | None, prompt_id: str) -> SystemPrompt:
    """One of an owner's prompts. Raises NotFoundError."""
    found = db.session.scalar(_of(owner_id).where(SystemPrompt.id == prompt_id))
    if found is None:
        raise NotFoundError()
    return found


def create_prompt(owner_id: str | None, name: str, content: str) -> SystemPrompt:
    """Keep a prompt, not active yet. Raises InvalidError (`name`, `content`), LimitError."""
    if db.session.scalar(select(func.count()).where(SystemPrompt.owner_id.is_not_distinct_from(owner_id))) >= MAX_PROMPTS:
        raise LimitError(f"{MAX_PROMPTS} instructions au plus.", code="too_many_prompts")
    prompt = SystemPrompt(owner_id=owner_id)
    prompt.name, prompt.content = _checked(name, content)
    db.session.add(prompt)
    db.session.flush()
    record("ai_prompt.created", prompt.id)
    return prompt


def change_prompt(owner_id: str | None, prompt_id: str, name: str, content: str, *, base: datetime | None = None) -> SystemPrompt:
    """Rewrite a prompt. The active configuration keeps its snapshot until the prompt is activated again.

    `base` is the `updated_at` that was read: raises ConflictError `prompt_changed` when somebody saved something else since.
    Raises InvalidError, NotFoundError.
    """
    prompt = prompt_by_id(owner_id, prompt_id)
    db.session.refresh(prompt, with_for_update=True)
    made = _checked(name, content)
    if base is not None and base != prompt.updated_at and made != (prompt.name, prompt.content):
        raise ConflictError("Quelqu’un a enregistré ces instructions pendant que vous écriviez.", code="prompt_changed")
    prompt.name, prompt.content = made
    prompt.updated_at = clock.now()
    db.session.flush()
    record("ai_prompt.changed", prompt.id)
    return prompt


def delete_prompt(owner_id: str | None, prompt_id: str) -> None:
    """Delete a prompt; of the active one the configuration's snapshot goes too. Raises NotFoundError."""
    lock_owner(owner_id)
    prompt = prompt_by_id(owner_id, prompt_id)
    if prompt.is_active:
        keep_snapshot(owner_id, None)
    db.session.delete(prompt)
    db.session.flush()
    record("ai_prompt.deleted", prompt_id)


def activate_prompt(owner_id: str | None, prompt_id: str) -> SystemPrompt:
    """Make a prompt the active one, and copy it into the active configuration. Raises NotFoundError."""
    lock_owner(owner_id)
    prompt = prompt_by_id(owner_id, prompt_id)
    _rest(owner_id)
    prompt.is_active = True
    db.session.flush()
    keep_snapshot(owner_id, prompt.content)
    record("ai_prompt.activated", prompt.id)
    return prompt


def deactivate_prompt(owner_id: str | None) -> None:
    """Have no active prompt any more, nor a snapshot of one."""
    lock_owner(owner_id)
    _rest(owner_id)
    keep_snapshot(owner_id, None)
    record("ai_prompt.deactivated")


def _rest(owner_id: str | None) -> None:
    active = update(SystemPrompt).where(SystemPrompt.owner_id.is_not_distinct_from(owner_id), SystemPrompt.is_active)
    db.session.execute(active.values(is_active=False))


def _of(owner_id: str | None) -> Select[tuple[SystemPrompt]]:
    return select(SystemPrompt).where(SystemPrompt.owner_id.is_not_distinct_from(owner_id))


def _checked(name: str, content: str) -> tuple[str, str]:
    name, content = " ".join(name.split()), content.replace("\r\n", "\n").strip()
    errors: dict[str, list[str]] = {}
    if not 1 <= len(name) <= MAX_NAME:
        errors["name"] = [f"Un nom de {MAX_NAME} caractères au plus."]
    if not 1 <= len(content) <= MAX_CONTENT or "\x00" in content:
        errors["content"] = [f"Des instructions de {MAX_CONTENT} caractères au plus."]
    if errors:
        raise InvalidError("Ces instructions sont à corriger.", errors)
    return name, content
