"""Refused attempts: noted although their request is undone, shown, allowed, forgotten; addresses that insist are blocked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.core import clock
from app.core.errors import InvalidError
from app.core.transaction import transaction
from app.deployments.domain_models import OriginRefusal
from app.deployments.domains import (
    allow_origin,
    domains_in_force,
    require_review,
)
from app.deployments.models import Deployment
from app.deployments.refusals import KEPT, TIMES, hashed_address, purge_refusals, refusals_of
from app.extensions import db, redis_client
from app.identity.models import User
from app.web.house import House
from tests.deployments.desks import EVIL, SITE, Desk, init
from tests.factories import committing


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk("app.ebp.com")


@pytest.fixture
def limited(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(house.config, "SETTINGS", replace(house.config["SETTINGS"], ratelimit_enabled=True))


def refusals(deployment_id: str) -> list[OriginRefusal]:
    with committing():
        found = select(OriginRefusal).where(OriginRefusal.deployment_id == deployment_id).order_by(OriginRefusal.day, OriginRefusal.origin)
        return list(db.session.scalars(found))


def test_a_refused_attempt_is_noted_although_its_request_is_undone(desk: Desk, client: FlaskClient) -> None:
    for origin in (EVIL, EVIL, "https://EVIL.exemple:443", None, "null", "https://xn--btiment-pwa.fr"):
        answer = init(client, desk.id, origin)
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "domain_not_allowed")
        assert "Access-Control-Allow-Origin" not in answer.headers
    rows = {row.origin: row for row in refusals(desk.id)}
    assert {origin: row.count for origin, row in rows.items()} == {EVIL: 3, "": 1, "null": 1, "https://xn--btiment-pwa.fr": 1}
    assert rows[EVIL].editor_id == desk.editor_id and rows[EVIL].address == hashed_address("203.0.113.9") != "203.0.113.9"
    with committing():
        assert db.session.scalar(text("SELECT count(*) FROM sessions WHERE deployment_id = :id"), {"id": desk.id}) == 0


def test_what_is_allowed_is_not_noted(desk: Desk, client: FlaskClient) -> None:
    assert init(client, desk.id, SITE).status_code == 200
    assert init(client, "dpl_" + "x" * 20, EVIL).status_code == 404
    assert refusals(desk.id) == []


def test_rows_are_bounded(desk: Desk, client: FlaskClient) -> None:
    for number in range(205):
        init(client, desk.id, f"https://site{number}.exemple")
    rows = refusals(desk.id)
    assert len(rows) == 201 and sum(row.count for row in rows) == 205
    assert next(row.count for row in rows if row.origin == "*") == 5
    init(client, desk.id, "https://site7.exemple")
    init(client, desk.id, "https://" + "a" * 400)
    init(client, desk.id, "<script>alert(1)</script> *")
    assert len(refusals(desk.id)) == 201 and max(len(row.origin) for row in refusals(desk.id)) <= 200


def test_the_list_adds_up_days_and_knows_what_is_allowed_since(desk: Desk, client: FlaskClient) -> None:
    with clock.freeze(clock.now() - timedelta(days=3)):
        init(client, desk.id, EVIL)
    init(client, desk.id, EVIL)
    init(client, desk.id, "http://site.fr")
    init(client, desk.id, "http://localhost:5173")
    init(client, desk.id, "n’importe quoi")
    other = Desk()
    with transaction(other.actor):
        assert refusals_of(desk.id, []) == []
    with transaction(desk.actor):
        found = {one.text: one for one in refusals_of(desk.id, domains_in_force(desk.id))}
        assert found[EVIL].count == 2 and found[EVIL].allowable and not found[EVIL].allowed
        assert not found["http://site.fr"].allowable and found["http://localhost:5173"].allowable
        assert not found["n’importe quoi"].allowable
        deployment = db.session.get_one(Deployment, desk.id)
        assert allow_origin(deployment, EVIL).environment == "production"
        assert allow_origin(deployment, "http://localhost:5173").environment == "localhost"
        assert allow_origin(deployment, "https://192.168.1.20").environment == "development"
        for impossible in ("http://site.fr", "null", "", "https://co.uk", "https://[fd00::1]"):
            with pytest.raises(InvalidError):
                allow_origin(deployment, impossible)
        again = {one.text: one for one in refusals_of(desk.id, domains_in_force(desk.id))}
        assert again[EVIL].allowed and not again[EVIL].allowable
    assert init(client, desk.id, EVIL).status_code == 200


def test_refusals_and_addresses_are_forgotten_after_thirty_days(desk: Desk, client: FlaskClient) -> None:
    with clock.freeze(clock.now() - KEPT - timedelta(days=1)):
        init(client, desk.id, EVIL)
    with clock.freeze(clock.now() - KEPT + timedelta(days=1)):
        init(client, desk.id, "https://recent.exemple")
    assert purge_refusals() == 1
    assert [row.origin for row in refusals(desk.id)] == ["https://recent.exemple"]


@pytest.fixture
def insisting(desk: Desk, client: FlaskClient, limited: None) -> Iterator[Desk]:
    for _ in range(TIMES):
        assert init(client, desk.id, EVIL).status_code == 403
    yield desk


def test_an_address_that_insists_is_blocked_for_a_while(insisting: Desk, client: FlaskClient) -> None:
    answer = init(client, insisting.id, SITE)
    assert (answer.status_code, answer.json["error"]["code"]) == (429, "blocked")
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert init(client, insisting.id, EVIL).status_code == 429
    assert init(client, insisting.id, SITE, address="203.0.113.10").status_code == 200
    row = refusals(insisting.id)[0]
    assert (row.count, row.blocks) == (TIMES, 1), "a blocked address is counted no more"
    for key in redis_client().keys("blocked:*"):
        redis_client().delete(key)
    assert init(client, insisting.id, SITE).status_code == 200


def test_refusals_below_the_limit_block_nobody(desk: Desk, client: FlaskClient, limited: None) -> None:
    for _ in range(TIMES - 1):
        assert init(client, desk.id, EVIL).status_code == 403
    assert init(client, desk.id, SITE).status_code == 200


def test_no_address_is_kept_in_redis_nor_in_the_rows(insisting: Desk) -> None:
    assert all(b"203.0.113.9" not in key for key in redis_client().keys("*abuse*") + redis_client().keys("blocked*"))
    with committing():
        assert db.session.scalar(text("SELECT count(*) FROM origin_refusals r WHERE r::text LIKE '%203.0.113%'")) == 0


def test_an_ipv6_household_is_one_caller(house: House) -> None:
    assert hashed_address("2001:db8:1:2::1") == hashed_address("2001:db8:1:2:ffff::9") != hashed_address("2001:db8:1:3::1")
    assert hashed_address("::ffff:203.0.113.9") == hashed_address("203.0.113.9") != hashed_address("203.0.113.10")
    assert hashed_address("") != hashed_address("unix:")


def test_a_preflight_knows_the_domains_in_force(desk: Desk, client: FlaskClient) -> None:
    def preflight(origin: str) -> str | None:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        return client.options("/api/widget/v1/init", headers=headers).headers.get("Access-Control-Allow-Origin")

    assert preflight(SITE) == SITE and preflight(EVIL) is None and preflight("http://127.0.0.1:3000") is None
    desk.add("localhost", "localhost")
    assert preflight("http://127.0.0.1:3000") == "http://127.0.0.1:3000"
    with committing():
        require_review(db.session.get_one(User, desk.editor_id), True)
    desk.add("grand-compte.fr")
    assert preflight("https://grand-compte.fr") is None
