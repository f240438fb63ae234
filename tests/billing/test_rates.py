"""The rate of a deployment, by address and minute, told in every answer (CONTRACT.md, HTTP)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import update
from werkzeug.test import TestResponse

from app import create_app
from app.core.errors import InvalidError
from app.deployments import rates
from app.deployments.limits import change_limits
from app.deployments.models import Deployment
from app.extensions import db, limiter, redis_client
from app.web.house import House
from tests.conftest import environment, redis_url, worker_number
from tests.factories import committing
from tests.factories.conversations import Chat, Tenant, make_tenant, open_chat


@pytest.fixture
def limited(house: House, tmp_path: Path) -> Iterator[House]:
    """The same house with its limits on, on the same rolled-back connection."""
    made = create_app(environment(f"test_{worker_number()}", redis_url(0), tmp_path, RATELIMIT_ENABLED="true"))
    with made.app_context():
        engines = db._app_engines[made]
        own, engines[None] = engines[None], db._app_engines[house][None]
        yield made
        engines[None] = own
        own.dispose()
    limiter.enabled = False


@pytest.fixture
def tenant(limited: House) -> Tenant:
    with committing():
        made = make_tenant()
        for part in (made.editor, made.artisan, made.tie, made.deployment):
            db.session.refresh(part)
        db.session.expunge_all()
    return made


def post(app: House, chat: Chat, address: str = "192.0.2.1") -> TestResponse:
    """A request that writes and costs nothing: a rating of a message that does not exist."""
    path = f"/api/widget/v1/message/msg_{uuid.uuid4().hex}/rating"
    return app.test_client().post(path, json={"rating": 1}, headers=chat.headers, environ_base={"REMOTE_ADDR": address})


def set_rate(tenant: Tenant, rate: int) -> None:
    """Past the verb, as an old row could be."""
    with committing():
        db.session.execute(update(Deployment).where(Deployment.id == tenant.deployment.id).values(rate_limit_per_ip=rate))
    redis_client().flushdb()


def test_the_rate_is_told_and_kept(limited: House, tenant: Tenant) -> None:
    set_rate(tenant, 40)
    chat = open_chat(tenant)
    answers = [post(limited, chat) for _ in range(42)]
    assert [answer.status_code for answer in answers] == [404] * 40 + [429] * 2
    first, last = answers[0], answers[-1]
    assert (first.headers["X-RateLimit-Limit"], first.headers["X-RateLimit-Remaining"]) == ("40", "39")
    assert "Retry-After" not in first.headers
    assert last.get_json()["error"]["code"] == "rate_limited"
    assert 0 < int(last.headers["Retry-After"]) <= 60
    assert last.headers["X-RateLimit-Remaining"] == "0"
    assert post(limited, chat, "192.0.2.2").status_code == 404, "another address has a minute of its own"
    read = limited.test_client().get(f"/api/widget/v1/session/{chat.session_id}/messages", headers=chat.headers)
    assert read.status_code == 200, "reading is not counted"


def test_never_below_what_the_master_asks(limited: House, tenant: Tenant) -> None:
    set_rate(tenant, 1)
    assert post(limited, open_chat(tenant)).headers["X-RateLimit-Limit"] == "30"


def test_a_household_of_version_six_is_one_address(limited: House, tenant: Tenant) -> None:
    set_rate(tenant, 30)
    chat = open_chat(tenant)
    left = [post(limited, chat, f"2001:db8::{number}").headers["X-RateLimit-Remaining"] for number in (1, 2)]
    assert left == ["29", "28"]
    assert post(limited, chat, "2001:db8:0:1::1").headers["X-RateLimit-Remaining"] == "29"


def test_opening_counts_too(limited: House, tenant: Tenant) -> None:
    set_rate(tenant, 30)
    http = limited.test_client()
    body = {"deployment_key": tenant.deployment.id}
    answers = [http.post("/api/widget/v1/init", json=body, headers={"Origin": "https://app.ebp.com"}) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert answers[0].headers["X-RateLimit-Limit"] == "30" and int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].headers["Access-Control-Allow-Origin"] == "https://app.ebp.com", "the host page may read the refusal"


def test_a_changed_rate_holds_at_once(limited: House, tenant: Tenant) -> None:
    chat = open_chat(tenant)
    assert post(limited, chat).headers["X-RateLimit-Limit"] == "60"
    with committing():
        change_limits(db.session.get_one(Deployment, tenant.deployment.id), {"rate_limit_per_ip": 90})
    assert post(limited, chat).headers["X-RateLimit-Limit"] == "90"
    for wrong in (29, 601, None):
        with pytest.raises(InvalidError) as refusal, committing():
            change_limits(db.session.get_one(Deployment, tenant.deployment.id), {"rate_limit_per_ip": wrong})
        assert "rate_limit_per_ip" in refusal.value.fields


def test_a_limit_is_not_worth_a_closed_door(limited: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = open_chat(tenant)

    def away(*_: object) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(rates, "_run", away)
    answer = post(limited, chat)
    assert answer.status_code == 404 and "X-RateLimit-Limit" not in answer.headers
