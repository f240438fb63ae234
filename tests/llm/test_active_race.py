"""Many at once on a committed database: one model stays active, one key, one prompt, and nobody meets an error."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from sqlalchemy import select, true

from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.extensions import db
from app.llm import active, catalogue, credentials, system_prompts
from app.llm.models import ActiveModel, Credential, SystemPrompt
from app.web.house import House
from tests.factories.ai import Owner

pytestmark = pytest.mark.committed
AT_ONCE = 4
"""As many as a process has connections."""


def test_of_many_at_once_one_is_active(committed: House) -> None:
    for owner in (Owner("editeur"), Owner("admin")):
        with owner.acting():
            prompts = [system_prompts.create_prompt(owner.id, f"Instructions {number}", "Bref.").id for number in range(AT_ONCE)]
        verbs: list[Callable[[int], object]] = [
            lambda number, owner=owner: credentials.set_key(owner.id, "openai", f"sk-{number}"),  # type: ignore[misc]
            lambda number, owner=owner: active.activate(owner.id, "openai", ("gpt-4o", "gpt-4o-mini", "gpt-4.1")[number % 3]),  # type: ignore[misc]
            lambda number, owner=owner, prompts=prompts: system_prompts.activate_prompt(owner.id, prompts[number]),  # type: ignore[misc]
        ]
        for verb in verbs:
            _at_once(committed, owner, verb)
        with owner.acting():
            for model, of_them in ((Credential, true()), (ActiveModel, ActiveModel.is_active), (SystemPrompt, SystemPrompt.is_active)):
                mine = select(model.id).where(model.owner_id.is_not_distinct_from(owner.id))
                assert len(db.session.scalars(mine.where(of_them)).all()) == 1, model.__tablename__
            assert active.prompt_in_force(owner.id) == "Bref."


def test_a_model_is_not_taken_back_while_it_is_activated(committed: House) -> None:
    owner = Owner("editeur")
    with owner.acting():
        credentials.set_key(owner.id, "openai", "sk-1")
    for name in ("un", "deux", "trois"):
        with owner.acting():
            catalogue.add_user_model(owner.id, "openai", name)

        def either(number: int, name: str = name) -> None:
            with suppress(ConflictError, InvalidError, NotFoundError):
                if number % 2:
                    active.activate(owner.id, "openai", name)
                else:
                    catalogue.remove_user_model(owner.id, "openai", name)

        _at_once(committed, owner, either)
        with owner.acting():
            found = active.active_model(owner.id)
            known = {model.key for model in catalogue.models_of(owner.id, "openai")}
            assert found is None or found.model_key in known, "what is active is in the list"


def _at_once(house: House, owner: Owner, verb: Callable[[int], object]) -> None:
    ready = Barrier(AT_ONCE)

    def one(number: int) -> None:
        with house.app_context(), owner.acting():
            db.session.execute(select(1))
            ready.wait(20)
            verb(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, range(AT_ONCE)))
