"""Who asked for a drain a moment ago does not ask again; what the one it asked for may not see is asked for."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from app.core.acting import door
from app.core.transaction import transaction
from app.extensions import redis_client
from app.web.house import House
from app.webhooks import jobs
from app.webhooks.service import tell_after_commit
from tests.factories import committing, make_user
from tests.factories.webhooks import make_event


@pytest.fixture
def at(house: House, monkeypatch: pytest.MonkeyPatch) -> Mock:
    """The moment it is, and no drain asked for yet."""
    moment = Mock(return_value=1000.0)
    monkeypatch.setattr(jobs, "time", Mock(monotonic=moment))
    monkeypatch.setattr(jobs, "_asked_at", float("-inf"))
    monkeypatch.setattr(jobs, "enqueue", Mock())
    return moment


def asked() -> int:
    return jobs.enqueue.call_count  # type: ignore[attr-defined]


def test_while_its_own_drain_gathers_nobody_asks(at: Mock) -> None:
    jobs.request_drain()
    redis_client().delete(jobs.ASKED)
    at.return_value += jobs.GATHER_SECONDS * 0.7
    jobs.request_drain()
    assert asked() == 1, "that drain has not begun to read"
    at.return_value += jobs.GATHER_SECONDS * 0.3
    jobs.request_drain()
    assert asked() == 2, "that drain may have read already"


def test_another_process_s_drain_is_no_reason_to_be_silent_later(at: Mock) -> None:
    redis_client().set(jobs.ASKED, b"1")
    jobs.request_drain()
    assert asked() == 0
    redis_client().delete(jobs.ASKED)
    jobs.request_drain()
    assert asked() == 1


def test_an_asking_that_failed_is_not_remembered(at: Mock) -> None:
    jobs.enqueue.side_effect = ConnectionError  # type: ignore[attr-defined]
    with pytest.raises(ConnectionError):
        jobs.request_drain()
    redis_client().delete(jobs.ASKED)
    jobs.enqueue.side_effect = None  # type: ignore[attr-defined]
    jobs.request_drain()
    assert asked() == 2


def test_the_events_of_one_transaction_ask_once(house: House) -> None:
    with committing():
        event = make_event(make_user("editeur"))
    with transaction(door()) as tx:
        tell_after_commit(event)
        tell_after_commit(event)
        assert tx.hooks == [jobs.request_drain]
