"""What the house suspends by itself, and lifts; what an administrator did by hand stays (003 §13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.billing.jobs import purge_counters, sweep_quotas
from app.billing.plans import Terms, subscribe, unsubscribe
from app.core import clock
from app.core.errors import ConflictError
from app.extensions import db
from app.identity.models import User
from app.identity.staff import reopen_account, suspend_account
from app.web.house import House
from tests.billing.test_quotas import ask, say, tenant_with
from tests.factories import actor_for, committing, make_user
from tests.factories.conversations import Tenant, open_chat

NOVEMBER = datetime(2026, 11, 21, 11, tzinfo=UTC)
DECEMBER = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)


def state(tenant: Tenant) -> tuple[str, str | None]:
    row = ask("SELECT status, status_reason FROM users WHERE id = :id", id=tenant.editor.id)[0]
    return row.status, row.status_reason


def overrun(client: FlaskClient, attempts: int, **terms: bool) -> Tenant:
    """Somebody with ten messages a month for whom `attempts` were asked."""
    tenant = tenant_with(messages_month=10)
    with committing():
        subscribe(tenant.editor.id, Terms("pln_enterprise", {"messages_month": 10}, **terms))
        db.session.execute(text("UPDATE session_links SET expires_at = now() + interval '9 years'"))
    chat = open_chat(tenant)
    statuses = [say(client, chat).status_code for _ in range(attempts)]
    assert statuses == [202] * 10 + [429] * (attempts - 10)
    return tenant


def by_hand(tenant: Tenant, *, reason: str | None) -> None:
    """An administrator suspends the account, or lifts its suspension."""
    with committing():
        admin = actor_for(make_user("super-admin"), "super-admin")
        editor = db.session.get_one(User, tenant.editor.id)
        if reason is None:
            reopen_account(admin, editor)
        else:
            suspend_account(admin, editor, reason)


def test_a_massive_overrun_suspends_until_the_next_month(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    with clock.freeze(NOVEMBER):
        tenant = overrun(client, 12)
        sweep_quotas()
        assert state(tenant)[0] == "active", "120 % are not more than 120 %"
        chat = open_chat(tenant)
        assert say(client, chat).status_code == 429
        sweep_quotas()
        status, reason = state(tenant)
        assert status == "suspended" and reason and "largement dépassé en novembre 2026" in reason
        assert ask("SELECT refused_sessions + refused_messages AS n FROM usage_counters WHERE tenant_id = :id", id=tenant.editor.id) == [
            (3,)
        ]
        assert say(client, chat).get_json()["error"]["code"] == "account_suspended"
        mail = ask("SELECT text FROM emails WHERE kind = 'account' AND recipient = :to", to=tenant.editor.email)
        assert len(mail) == 1 and "120 %" in mail[0].text
        sweep_quotas()
        assert state(tenant)[0] == "suspended"
    with clock.freeze(DECEMBER):
        sweep_quotas()
        assert state(tenant)[0] != "suspended"
        assert say(client, chat).status_code == 202
        assert len(ask("SELECT 1 FROM notifications WHERE user_id = :id AND title = 'Votre compte est rétabli'", id=tenant.editor.id)) == 1


def test_who_is_only_refused_is_never_suspended(house: House, client: FlaskClient) -> None:
    with clock.freeze(NOVEMBER):
        tenant = overrun(client, 20, suspends_on_overrun=False)
        sweep_quotas()
        assert state(tenant)[0] == "active"


def test_a_larger_plan_lifts_the_suspension(house: House, client: FlaskClient) -> None:
    with clock.freeze(NOVEMBER):
        tenant = overrun(client, 20)
        sweep_quotas()
        assert state(tenant)[0] == "suspended"
        with pytest.raises(ConflictError), committing():
            unsubscribe(tenant.editor.id)
        with committing():
            subscribe(tenant.editor.id, Terms("pln_pro", {}))
        sweep_quotas()
        assert state(tenant) == ("invited", None) or state(tenant)[0] == "active"
        with committing():
            unsubscribe(tenant.editor.id)


def test_what_an_administrator_lifted_stays_lifted(house: House, client: FlaskClient) -> None:
    with clock.freeze(NOVEMBER):
        tenant = overrun(client, 20)
        sweep_quotas()
        by_hand(tenant, reason=None)
        sweep_quotas()
        assert state(tenant)[0] != "suspended"


def test_what_an_administrator_suspended_stays_suspended(house: House, client: FlaskClient) -> None:
    with clock.freeze(NOVEMBER):
        tenant = overrun(client, 20)
        sweep_quotas()
        by_hand(tenant, reason=None)
        by_hand(tenant, reason="Litige")
    with clock.freeze(DECEMBER):
        sweep_quotas()
        assert state(tenant) == ("suspended", "Litige")


def test_an_invoice_left_unpaid(house: House, client: FlaskClient) -> None:
    tenant = tenant_with()
    with clock.freeze(NOVEMBER):
        for since, expected in (("2026-11-07", "active"), ("2026-11-06", "suspended")):
            with committing():
                subscribe(tenant.editor.id, Terms("pln_pro", {}, unpaid_since=datetime.fromisoformat(since).date()))
            sweep_quotas()
            assert state(tenant)[0] == expected
        assert state(tenant)[1] == "Facture impayée depuis le 6\u00a0novembre 2026."
    with clock.freeze(DECEMBER):
        sweep_quotas()
        assert state(tenant)[0] == "suspended", "a new month pays nothing"
        with committing():
            subscribe(tenant.editor.id, Terms("pln_pro", {}))
        sweep_quotas()
        assert state(tenant)[0] != "suspended"


def test_old_counters_are_dropped(house: House, client: FlaskClient) -> None:
    tenant = tenant_with(messages_month=1)
    for chat, moment in ((open_chat(tenant), datetime(2024, 9, 15, tzinfo=UTC)), (open_chat(tenant), NOVEMBER)):
        with clock.freeze(moment):
            assert say(client, chat).status_code == 202
    with clock.freeze(NOVEMBER):
        purge_counters()
    assert ask("SELECT day::text FROM deployment_usage") == [("2026-11-21",)]
    assert ask("SELECT month FROM link_usage") == [("2026-11",)]
    assert ask("SELECT DISTINCT month FROM quota_alerts") == [("2026-11",)]
    assert ask("SELECT month FROM usage_counters ORDER BY month") == [("2024-09",), ("2026-11",)], "invoices rest on them"
