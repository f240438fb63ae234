"""Two messages sent at once in one conversation of the playground, on a committed database: one is asked, the other is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select, update

from app.core.errors import ConflictError
from app.core.transaction import transaction
from app.evaluation.drafts import kept_fields
from app.evaluation.models import Trial
from app.evaluation.playground import try_draft
from app.extensions import db
from app.web.house import House
from tests.evaluation.conftest import agent
from tests.factories import actor_for, committing, make_agent, make_user

pytestmark = pytest.mark.committed
AT_ONCE = 4
"""As many as a process has connections."""


def test_of_messages_sent_at_once_one_is_asked(committed: House) -> None:
    with committing():
        actor, agent_id = actor_for(make_user("admin"), "admin"), make_agent().id
        db.session.expunge_all()
    with transaction(actor):
        found = agent(agent_id)
        draft = kept_fields(found)
        conversation = try_draft(found, draft, "Bonjour", None).id
    with committing():
        db.session.execute(update(Trial).values(status="done"))
    ready = Barrier(AT_ONCE)

    def say(number: int) -> str:
        with committed.app_context():
            try:
                with transaction(actor):
                    found = agent(agent_id)
                    ready.wait(20)
                    return try_draft(found, draft, f"Message {number}", conversation).status
            except ConflictError as error:
                return error.code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = sorted(pool.map(say, range(AT_ONCE)))
    assert said == ["answer_unfinished"] * (AT_ONCE - 1) + ["queued"]
    with committing():
        assert len(db.session.scalars(select(Trial.id)).all()) == 2
