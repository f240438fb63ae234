"""Many at once on a committed database: each month is prepared once, numbers have no gap, an invoice is made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.billing.statements.accounting import save_accounting
from app.billing.statements.models import Statement
from app.billing.statements.pushing import push, queue_push
from app.billing.statements.service import issue
from app.billing.statements.sweeping import prepare_due
from app.core import clock
from app.extensions import db
from app.web.house import House
from tests.factories import committing
from tests.factories.billing import DECEMBER, make_billed, make_issuer
from tests.support.dolibarr_server import KEY, DolibarrServer

pytestmark = pytest.mark.committed
EDITORS, WORKERS = 12, 6


def test_twelve_editors_and_six_workers(committed: House) -> None:
    server = DolibarrServer()
    with clock.freeze(DECEMBER), committing():
        make_issuer()
        save_accounting(server.url, KEY, None, validates=True)
        for _ in range(EDITORS):
            make_billed()

    def at_once(work: str, statement_ids: list[str]) -> int:
        with committed.app_context(), clock.freeze(DECEMBER):
            if work == "prepare":
                return prepare_due()
            for statement_id in statement_ids:
                if work == "push":
                    push(statement_id)
                    continue
                with committing():
                    found = db.session.get_one(Statement, statement_id)
                    issue(found)
                    queue_push(found)
            return 0

    def ids() -> list[str]:
        with committing():
            return list(db.session.scalars(select(Statement.id).order_by(Statement.id)))

    with ThreadPoolExecutor(WORKERS) as pool:
        assert sum(pool.map(at_once, ["prepare"] * WORKERS, [[]] * WORKERS)) >= EDITORS
        found = ids()
        assert len(found) == EDITORS
        list(pool.map(at_once, ["issue"] * WORKERS, [found[start::WORKERS] for start in range(WORKERS)]))
        list(pool.map(at_once, ["push"] * WORKERS, [found] * WORKERS))
    with committing():
        rows = db.session.execute(select(Statement.sequence, Statement.status).order_by(Statement.sequence)).all()
    assert [tuple(row) for row in rows] == [(number, "pushed") for number in range(1, EDITORS + 1)]
    assert len(server.invoices) == EDITORS and server.calls.count("POST /invoices") == EDITORS
    server.close()
