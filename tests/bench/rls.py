"""`bin/bench rls`: what row-level security costs a list page over 100,000 sessions, as editor, artisan and admin.

The same build serves the same page on two connections, in turn: the application's role, whose every row passes a policy,
and the owner's role, which bypasses policies (TRAPS.md: the round trip of `set_config` is the whole cost). Figures are
medians of rounds of one run; the ratio is taken round by round.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url

from app import create_app
from app.core import acting
from app.core.transaction import transaction
from app.extensions import db
from app.identity.models import User
from app.web.house import House
from app.workers.demo import PEOPLE, load_demo
from app.workers.migrate import migrate
from tests.factories.browser import sign_in

SESSIONS = 100_000
ROUNDS = 15
PAGES_A_ROUND = 20
GATE = 1.10
PAGES = {"editeur": "/editeur/conversations", "artisan": "/artisan/conversations", "admin": "/admin/conversations"}
FILL = """
INSERT INTO sessions (id, deployment_id, agent_id, editor_id, artisan_id, editor_link_id, artisan_name, editor_name, deployment_name, title, status,
  visitor_name, context, untrusted_context, locale, messages_count, files_count, tokens_used, started_at, last_activity_at, created_at)
SELECT 'sess_bench' || n, d.id, d.agent_id, d.editor_id, k.artisan_id, k.id, k.artisan_name, k.editor_name, d.name, 'Salle de bain, 8 m²', 'open',
  'Client ' || n, '{}', '{}', 'fr', 4, 2, 900, now() - n * interval '1 minute', now() - n * interval '1 minute', now() - n * interval '1 minute'
FROM generate_series(1, %s) AS n
JOIN LATERAL (SELECT * FROM editor_links ORDER BY external_id OFFSET n %% 2 LIMIT 1) k ON true
JOIN LATERAL (SELECT * FROM deployments x WHERE x.editor_id = k.editor_id ORDER BY name LIMIT 1) d ON true
"""


def rates(clients: tuple[FlaskClient, FlaskClient], path: str) -> tuple[float, float]:
    """Pages a second of each, asked in turn page by page, so that what else the machine does falls on both alike."""
    spent = [0.0, 0.0]
    for number in range(2 * PAGES_A_ROUND):
        which = (number + number // 2) % 2  # 0 1 1 0 0 1 1 …: neither is always the first
        started = time.perf_counter()
        answer = clients[which].get(path)
        spent[which] += time.perf_counter() - started
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return PAGES_A_ROUND / spent[0], PAGES_A_ROUND / spent[1]


def client_of(app: House, role: str) -> FlaskClient:
    """A browser signed in as one of the demo's people."""
    client = app.test_client()
    with app.app_context():
        with transaction(acting.platform("demo")):
            person = db.session.scalars(db.select(User).where(User.email == PEOPLE[role]["email"])).one()
        sign_in(client, person)
    return client


def main() -> int:
    """Print a line per role; 1 when a role costs more than the gate."""
    admin_url, app_url = make_url(os.environ["DATABASE_ADMIN_URL"]), make_url(os.environ["DATABASE_URL"])
    migrate(admin_url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False), app_url.username or "")
    env = {**os.environ, "DATA_DIR": tempfile.mkdtemp(), "RATELIMIT_ENABLED": "false", "BASE_URL": "http://localhost"}
    guarded = create_app(env)
    bypassing = create_app({**env, "DATABASE_URL": os.environ["DATABASE_ADMIN_URL"]})
    with guarded.app_context(), transaction(acting.platform("demo")):
        load_demo()
    with psycopg.connect(admin_url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True) as owner:
        owner.execute(FILL, (SESSIONS,))
        owner.execute("VACUUM ANALYZE")
    print(f"{SESSIONS:,} sessions, {ROUNDS} rounds of {PAGES_A_ROUND} pages; pages/s, one process, one request at a time")
    print(f"{'role':<10}{'with policies':>15}{'bypassing':>12}{'cost':>9}")
    failed = False
    for role, path in PAGES.items():
        pair = client_of(guarded, role), client_of(bypassing, role)
        rates(pair, path)
        rounds = [rates(pair, path) for _ in range(ROUNDS)]
        cost = statistics.median(free / held for held, free in rounds)
        failed |= cost > GATE
        medians = (statistics.median(one) for one in zip(*rounds, strict=True))
        print(f"{role:<10}{next(medians):>15.1f}{next(medians):>12.1f}{(cost - 1) * 100:>8.1f}%")
    print(f"gate: at most {(GATE - 1) * 100:.0f}% of page throughput: {'FAIL' if failed else 'PASS'}")
    return 1 if failed else 0


if __name__ == "__main__":
    assert Path("alembic.ini").exists(), "run through bin/bench"
    sys.exit(main())
