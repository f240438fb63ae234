"""Quotas are exact: 200 visitors at once, a web process killed in the middle (PRODUCT.md, Limits)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from flask import current_app
from sqlalchemy import text

from app import create_app
from app.billing.alerts import tell_alerts
from app.billing.plans import Terms, subscribe
from app.extensions import db
from app.web.house import House
from tests.conftest import environment
from tests.factories import committing
from tests.factories.conversations import Chat, make_tenant, open_chat
from tests.support.redis import PrivateRedis
from tests.support.stack import Stack, make_stack, wait_until

pytestmark = pytest.mark.committed
VISITORS, QUOTA = 200, 100


@pytest.fixture
def stack(database: str, tmp_path: Path) -> Iterator[Stack]:
    """The web process alone on a committed database; this process is at home in the same one."""
    server = PrivateRedis(tmp_path)
    server.start()
    env = environment(database, server.url, tmp_path / "data", APP_ENV="development")
    running = make_stack(env, tmp_path)
    here = create_app(env)
    running.start("web")
    running.wait_ready()
    with here.app_context():
        yield running
        db.session.remove()
        db.engine.dispose()
    running.stop()
    server.stop()


@pytest.fixture
def chats(stack: Stack) -> list[Chat]:
    """As many open conversations as there are visitors, none begun, at an editor whose plan gives half of them."""
    with committing():
        tenant = make_tenant()
        subscribe(tenant.editor.id, Terms("pln_starter", {"sessions_month": QUOTA}))
        for part in (tenant.editor, tenant.artisan, tenant.tie, tenant.deployment):
            db.session.refresh(part)
        db.session.expunge_all()
    return [open_chat(tenant) for _ in range(VISITORS)]


def post(base_url: str, chat: Chat) -> tuple[int, str]:
    """A first message, always under the same identifier; (0, "") when nobody answered."""
    try:
        answer = requests.post(
            f"{base_url}/api/widget/v1/message",
            json={"content": "Bonjour", "client_message_id": f"first-{chat.session_id}"},
            headers=chat.headers,
            timeout=30,
        )
    except requests.RequestException:
        return 0, ""
    return answer.status_code, answer.json().get("error", {}).get("code", "")


def post_all(base_url: str, chats: list[Chat], after_each: Any = None) -> list[tuple[int, str]]:
    """Everybody at once."""
    together = threading.Barrier(len(chats))

    def one(chat: Chat) -> tuple[int, str]:
        together.wait(30)
        result = post(base_url, chat)
        if after_each is not None:
            after_each(result)
        return result

    with ThreadPoolExecutor(len(chats)) as pool:
        return list(pool.map(one, chats))


def tell_at_once(workers: int) -> list[int]:
    """The job that tells alerts, run by several workers together: how many each told."""
    house = cast(House, current_app)._get_current_object()  # type: ignore[attr-defined]
    together = threading.Barrier(workers)

    def one(_: int) -> int:
        with house.app_context():
            together.wait(30)
            return tell_alerts()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, range(workers)))


def counted() -> dict[str, int]:
    """Every counter, and the rows that they count."""
    queries = {
        "plan sessions": "SELECT COALESCE(sum(sessions), 0) FROM usage_counters",
        "plan messages": "SELECT COALESCE(sum(messages), 0) FROM usage_counters",
        "day sessions": "SELECT COALESCE(sum(sessions), 0) FROM deployment_usage",
        "day messages": "SELECT COALESCE(sum(messages), 0) FROM deployment_usage",
        "link sessions": "SELECT COALESCE(sum(sessions), 0) FROM link_usage",
        "sessions": "SELECT count(*) FROM sessions WHERE started_at IS NOT NULL",
        "messages": "SELECT count(*) FROM messages WHERE sender = 'visitor'",
        "replies": "SELECT count(*) FROM messages WHERE sender = 'agent'",
        "events": "SELECT count(*) FROM events WHERE type = 'session.started'",
    }
    with committing():
        return {name: int(db.session.scalar(text(query)) or 0) for name, query in queries.items()}


def test_two_hundred_first_messages_on_a_quota_of_one_hundred(stack: Stack, chats: list[Chat]) -> None:
    results = Counter(post_all(stack.base_url, chats))
    assert results == {(202, ""): QUOTA, (429, "quota_exceeded"): VISITORS - QUOTA}
    assert set(counted().values()) == {QUOTA}, "the counters are the rows, and nothing of a refused message remains"

    assert sum(tell_at_once(4)) == 3, "four workers, each alert told by one"
    with committing():
        alerts = db.session.execute(text("SELECT kind, level FROM quota_alerts ORDER BY kind, level")).all()
        titles = db.session.scalars(text("SELECT title FROM notifications WHERE kind = 'quota' ORDER BY title")).all()
    assert [tuple(alert) for alert in alerts] == [("sessions", 80), ("sessions", 90), ("sessions", 100)]
    assert titles == [
        "Conversations : 80 % de votre forfait",
        "Conversations : 90 % de votre forfait",
        "Conversations : votre forfait est atteint",
    ]


def test_the_web_process_killed_while_they_post(stack: Stack, chats: list[Chat]) -> None:
    accepted = threading.Semaphore(0)
    killed = threading.Event()

    def kill_after_some() -> None:
        for _ in range(25):
            accepted.acquire(timeout=30)
        stack.kill("web")
        killed.set()

    killer = threading.Thread(target=kill_after_some)
    killer.start()
    first = post_all(stack.base_url, chats, after_each=lambda result: accepted.release())
    killer.join(60)
    assert killed.is_set()
    unanswered = sum(status == 0 for status, _ in first)
    assert unanswered >= 25, "the process was killed too late to prove anything"
    wait_until(lambda: not _busy(), what="PostgreSQL has undone what the dead process had open")
    middle = counted()
    assert len(set(middle.values())) == 1, f"killed in the middle, a counter differs from its rows: {middle}"
    assert middle["sessions"] >= sum(status == 202 for status, _ in first)

    stack.start("web")
    stack.wait_ready()
    again = Counter(post_all(stack.base_url, chats))
    assert again == {(202, ""): QUOTA, (429, "quota_exceeded"): VISITORS - QUOTA}, "a repeated message is the same message"
    assert set(counted().values()) == {QUOTA}


def _busy() -> bool:
    """Whether another connection than ours still works on this database."""
    with committing():
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
        return bool(db.session.scalar(text(query)))
