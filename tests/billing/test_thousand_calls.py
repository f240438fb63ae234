"""A thousand calls with every fault, a worker killed in the middle: counters are the sum of the log, and no reply is lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app import create_app
from app.agents import counters
from app.agents.models import Agent
from app.billing import budgets
from app.billing.checking import drift
from app.billing.figures import Wanted
from app.billing.figures.costs import cost_figures
from app.billing.folding import fold
from app.conversations.service import post_message
from app.core import clock
from app.core.transaction import transaction
from app.extensions import db
from tests.conftest import environment
from tests.factories import committing
from tests.factories.conversations import Chat, make_tenant, open_chat
from tests.support import stack as stacks
from tests.support.model_server import ModelServer, Reply, failing, model_server
from tests.support.redis import PrivateRedis
from tests.support.stack import Stack, make_stack, wait_until

pytestmark = pytest.mark.committed
CHATS, MESSAGES, CALLS = 75, 10, 1000
REPLIES = CHATS * MESSAGES
MOST_OF_A_REPLY = 4
"""Calls: a round of tools and an answer, of each model."""
PATIENCE = 300
"""Seconds, on a machine that does much else; alone it takes about half a minute."""
MODEL, SPARE = "gpt-4o-mini", "gpt-4o"
ANSWERED = (
    Reply(),
    Reply(usage=None),
    Reply(first=0.4),
    Reply(text="Je consulte les prix.", calls=(("rechercher_prix", {"metier": "carrelage"}),)),
)
FAULTS = (
    failing(401, "invalid_api_key"),
    failing(429, "rate_limit_exceeded", retry_after="1"),
    failing(500, "server_error"),
    Reply(text="Je commence une phrase que je ne finirai pas", cut_after=3),
    Reply(raw=b"data: {not json\n\n"),
)
FIGURES = """
  count(*) AS calls, count(*) FILTER (WHERE NOT success) AS failures, sum(prompt_tokens) AS prompt_tokens,
  sum(completion_tokens) AS completion_tokens, count(*) FILTER (WHERE estimated) AS estimated_calls, sum(cost_eur) AS cost_eur,
  sum(latency_ms) AS latency_ms_sum, max(created_at) AS last_at
"""
SUMS = """
  sum(calls) AS calls, sum(failures) AS failures, sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
  sum(estimated_calls) AS estimated_calls, sum(cost_eur) AS cost_eur, sum(latency_ms_sum) AS latency_ms_sum, max(last_at) AS last_at
"""


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """Three calls in four are answered, each way in turn; the fourth fails, each way in turn."""
    turns = count()

    def script(body: dict[str, Any]) -> Reply:
        if body["messages"][-1]["role"] == "tool":
            return Reply(text="Voilà les prix.")
        turn = next(turns)
        return FAULTS[turn // 4 % len(FAULTS)] if turn % 4 == 3 else ANSWERED[(turn - turn // 4) % len(ANSWERED)]

    with model_server() as server:
        server.script(MODEL, script)
        server.script(SPARE, script)
        yield server


@pytest.fixture
def stack(database: str, tmp_path: Path, model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Two chat workers and the scheduler as processes, on the stand-in; this process is at home in the same database."""
    for name in ("first", "second"):
        monkeypatch.setitem(stacks.COMMANDS, name, stacks.COMMANDS["chat"])
    server = PrivateRedis(tmp_path)
    server.start()
    env = environment(database, server.url, tmp_path / "data", APP_ENV="development", AI_BASE_URL=model.base_url, AI_MODEL=MODEL)
    running = make_stack(env, tmp_path)
    here = create_app(env)
    with here.app_context():
        yield running
        db.session.remove()
        db.engine.dispose()
    running.stop()
    server.stop()


def speak(chat: Chat) -> None:
    """Everything that the visitor says, at once: the replies come one after the other."""
    with transaction(chat.link.actor(chat.session_id)):
        for number in range(MESSAGES):
            post_message(chat.session_id, f"Bonjour, question {number}", uuid.uuid4().hex, [], {})


def rows(query: str) -> list[dict[str, Any]]:
    with committing():
        return [dict(row) for row in db.session.execute(text(query)).mappings()]


def number(query: str) -> int:
    with committing():
        return int(db.session.scalar(text(query)) or 0)


def of_log(row: dict[str, Any]) -> tuple[Any, ...]:
    """The counters of 000 for an agent or a grant: uses, tokens, cost, last use."""
    return (row["calls"], row["prompt_tokens"] + row["completion_tokens"], row["cost_eur"], row["last_at"])


def of_counter(used: counters.Used) -> tuple[Any, ...]:
    """The same as the agents' pages have them."""
    return (used.uses, used.tokens, used.cost, used.last_at)


def test_counters_are_the_sum_of_the_log(stack: Stack, model: ModelServer) -> None:
    with committing():
        tenants = [make_tenant() for _ in range(2)]
        editors = [tenant.editor.id for tenant in tenants]
        for agent in db.session.scalars(db.select(Agent)):
            agent.fallback_model = SPARE
        budgets.set_budget(editors[0], budgets.MAX_AMOUNT, hard_stop=True)
        for tenant in tenants:
            for part in (tenant.editor, tenant.artisan, tenant.tie, tenant.deployment):
                db.session.refresh(part)
        db.session.expunge_all()
    for place in range(CHATS):
        speak(open_chat(tenants[place % 2]))
    stack.start("scheduler", "first", "second")
    wait_until(lambda: number("SELECT count(*) FROM usage_logs") > 300, seconds=PATIENCE, what="they are in the middle of it")
    stack.kill("first")
    in_progress = number("SELECT count(*) FROM messages WHERE status = 'processing'")
    assert in_progress and number("SELECT count(*) FROM messages WHERE status IN ('queued', 'processing')") > 200, "killed too late"
    ended = "SELECT count(*) FROM messages WHERE sender = 'agent' AND status IN ('completed', 'failed')"
    wait_until(lambda: number(ended) == REPLIES, seconds=PATIENCE, what="every reply ends")
    stack.stop()
    fold()

    assert number("SELECT count(*) FROM usage_logs WHERE NOT counted") == 0
    calls = number("SELECT count(*) FROM usage_logs")
    assert calls >= CALLS
    lost = len(model.asked) - calls
    assert 0 <= lost <= in_progress * MOST_OF_A_REPLY, "only what the killed worker was hearing is unknown"
    for keys in ("agent_id", "editor_id", "agent_id, editor_id", "editor_id, artisan_id, deployment_id", "provider, model, success"):
        grouped = [key for key in keys.split(", ") if key != "success"]
        names = ", ".join(grouped)
        logged = rows(f"SELECT {names}, {FIGURES} FROM usage_logs GROUP BY {names} ORDER BY {names}")
        assert rows(f"SELECT {names}, {SUMS} FROM usage_days GROUP BY {names} ORDER BY {names}") == logged, names
        assert len(logged) >= 1
    with committing():
        assert drift() == []
        day = clock.paris_day()
        figures = cost_figures(Wanted(day.replace(day=1), day)).total
    whole = rows(f"SELECT {FIGURES} FROM usage_logs")[0]
    assert (figures.calls, figures.failures, figures.cost) == (whole["calls"], whole["failures"], whole["cost_eur"])
    assert whole["cost_eur"] > 0 and whole["estimated_calls"] > 0
    kinds = {row["error_class"] for row in rows("SELECT DISTINCT error_class FROM usage_logs WHERE NOT success")}
    assert kinds >= {"auth", "rate_limited", "overloaded", "cut", "bad_response"}, kinds
    agents = rows(f"SELECT agent_id, {FIGURES} FROM usage_logs GROUP BY agent_id")
    for agent in agents:
        with committing():
            assert of_counter(counters.used(agent["agent_id"])) == of_log(agent)
            given = counters.used_by_editor(agent["agent_id"])
        held = rows(f"SELECT editor_id, {FIGURES} FROM usage_logs WHERE agent_id = '{agent['agent_id']}' GROUP BY editor_id")
        assert {editor: of_counter(one) for editor, one in given.items()} == {one["editor_id"]: of_log(one) for one in held}
    with committing():
        state = budgets.budget_of(editors[0])
    spent = rows(f"SELECT sum(cost_eur) AS eur FROM usage_logs WHERE editor_id = '{editors[0]}' AND paid_by IS NULL")
    assert state is not None and state.spent == spent[0]["eur"]
