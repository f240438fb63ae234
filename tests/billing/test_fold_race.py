"""Folding is exact whoever folds at once, and whatever dies in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from app.billing import budgets, folding
from app.billing.folding import fold
from app.billing.rebuilding import rebuild
from app.core.acting import platform
from app.core.transaction import transaction
from app.extensions import db
from app.web.house import House
from tests.billing.test_folding import call, days, differences, keep
from tests.conftest import environment, redis_url
from tests.factories import committing, make_user
from tests.support.databases import admin_url
from tests.support.stack import ROOT, wait_until

pytestmark = pytest.mark.committed


def test_several_fold_at_once(committed: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "BATCH", 50)
    with committing():
        editors = [make_user("editeur").id for _ in range(3)]
        for editor in editors:
            budgets.set_budget(editor, Decimal("0.50"), hard_stop=True)
    keep(*(call(editor_id=editors[number % 3], agent_id=f"agt_{number % 7}") for number in range(1200)))
    together = threading.Barrier(4)

    def one(_: int) -> int:
        with committed.app_context():
            together.wait(30)
            return fold()

    with ThreadPoolExecutor(4) as pool:
        folded = list(pool.map(one, range(4)))
    folded.append(fold())  # what is left when each met, at its end, lines that others held
    assert sum(folded) == sum(day.calls for day in days()) == 1200
    assert differences() == []
    # 400 calls of 0.00113456 euro: 0.4538, 90 % of each budget, seen by whichever fold came last.
    with committing():
        levels = db.session.execute(text("SELECT editor_id, level FROM budget_alerts ORDER BY editor_id, level")).all()
    assert [tuple(row) for row in levels] == [(editor, level) for editor in sorted(editors) for level in (80, 90)]


def test_counters_made_again_while_others_fold(committed: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "BATCH", 40)
    keep(*(call(agent_id=f"agt_{number % 7}") for number in range(800)))
    together = threading.Barrier(3)

    def one(place: int) -> int:
        with committed.app_context():
            together.wait(30)
            return fold() if place else sum(rebuild() >= 0 for _ in range(8))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(one, range(3)))
    fold()
    assert sum(day.calls for day in days()) == 800
    assert differences() == []


FOLD = "from app import create_app\nfrom app.billing.folding import fold\nwith create_app().app_context():\n    fold()\n"


def test_a_process_killed_while_it_folds(committed: House, database: str, tmp_path: Path) -> None:
    keep(call())
    fold()
    keep(*(call() for _ in range(30)))
    env = {**os.environ, **environment(database, redis_url(0), tmp_path)}
    blocked = "SELECT count(*) > 0 FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE NOT l.granted AND d.datname = current_database()"
    with psycopg.connect(admin_url(database)) as holder, psycopg.connect(admin_url(database), autocommit=True) as watcher:
        holder.execute("LOCK TABLE usage_days IN SHARE MODE")
        # It has marked the lines, and waits to add them to their day.
        with subprocess.Popen([sys.executable, "-c", FOLD], cwd=ROOT, env=env, start_new_session=True) as folder:
            wait_until(lambda: watcher.execute(blocked).fetchone() == (True,), seconds=30, what="the fold waits")
            os.killpg(folder.pid, signal.SIGKILL)
        holder.rollback()
        wait_until(lambda: watcher.execute(blocked).fetchone() == (False,), what="nobody waits any more")
    assert sum(day.calls for day in days()) == 1
    wait_until(lambda: fold() and sum(day.calls for day in days()) == 31, what="another one folds")
    assert differences() == []


def test_ten_thousand_calls_are_folded_in_a_moment(committed: House) -> None:
    with transaction(platform("sweep")):
        db.session.execute(
            text(
                "INSERT INTO usage_logs (id, agent_id, deployment_id, provider, model, prompt_tokens, completion_tokens, estimated, latency_ms, "
                "success, cost_eur, created_at) SELECT 'use_' || n, 'agt_' || n % 5, 'dep_' || n % 40, 'openai', 'gpt-4o', 800, 200, false, "
                "1200, n % 17 <> 0, 0.00412345, now() - n * interval '1 second' FROM generate_series(1, 10000) n"
            )
        )
    begun = time.perf_counter()
    assert fold() == 10_000
    assert time.perf_counter() - begun < 5, "about 0.5 s on two cores: a backlog of hours is no trouble"
    begun = time.perf_counter()
    assert fold() == 0
    assert time.perf_counter() - begun < 0.5, "about 2 ms: nothing to do costs nothing"
    assert differences() == []
