"""Domains from entry to force: validation by the platform, claims of two editors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.core import clock
from app.core.acting import Actor
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.transaction import transaction
from app.deployments import claims
from app.deployments.domains import (
    MAX_DOMAINS,
    add_domain,
    domain_in_reach,
    must_be_reviewed,
    remove_domain,
    require_review,
    review_domain,
    set_domain_active,
)
from app.deployments.models import AllowedDomain, Deployment
from app.extensions import db, redis_client
from app.identity.models import User
from app.notifications.models import Notification
from app.web.house import House
from tests.deployments.desks import SITE, Desk, init
from tests.factories import actor_for, committing, make_user


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk("app.ebp.com")


@pytest.fixture
def admin(house: House) -> User:
    with committing():
        return make_user("admin")


def notes(user_id: str, kind: str) -> list[Notification]:
    with committing():
        return list(db.session.scalars(select(Notification).where(Notification.user_id == user_id, Notification.kind == kind)))


# Entry ---------------------------------------------------------------------------------------------------------------------


def test_a_domain_is_in_force_for_both_at_once(desk: Desk, client: FlaskClient) -> None:
    assert init(client, desk.id, "https://devis.client.fr").status_code == 403
    domain_id = desk.add("https://Devis.Client.fr/")
    desk.add("localhost:3000", "localhost")
    answer = init(client, desk.id, "https://devis.client.fr")
    assert answer.status_code == 200 and answer.headers["Access-Control-Allow-Origin"] == "https://devis.client.fr"
    assert "https://devis.client.fr" in desk.sources() and "http://localhost:3000" in desk.sources()
    with transaction(desk.actor):
        set_domain_active(desk.domain(domain_id), False)
    assert init(client, desk.id, "https://devis.client.fr").status_code == 403 and "https://devis.client.fr" not in desk.sources()
    with transaction(desk.actor):
        set_domain_active(desk.domain(domain_id), True)
    assert init(client, desk.id, "https://devis.client.fr").status_code == 200
    with transaction(desk.actor):
        remove_domain(desk.domain(domain_id))
    assert init(client, desk.id, "https://devis.client.fr").status_code == 403 and "https://devis.client.fr" not in desk.sources()


def test_a_refused_entry_names_its_field(desk: Desk) -> None:
    with transaction(desk.actor):
        deployment = db.session.get_one(Deployment, desk.id)
        for typed, environment, named in (
            ("co.uk", "production", "domain"),
            ("*.fr", "production", "domain"),
            ("a.fr", "mars", "environment"),
        ):
            with pytest.raises(InvalidError) as refused:
                add_domain(deployment, typed, environment)
            assert set(refused.value.fields) == {named}
        for same in ("app.ebp.com", "APP.ebp.com.", "https://app.ebp.com:443/"):
            with pytest.raises(InvalidError, match="corriger") as refused:
                add_domain(deployment, same, "staging")
            assert "déjà dans la liste" in refused.value.fields["domain"][0]
        for number in range(MAX_DOMAINS - 1):
            add_domain(deployment, f"site{number}.client.fr", "production")
        with pytest.raises(InvalidError) as refused:
            add_domain(deployment, "encore.client.fr", "production")
    assert str(MAX_DOMAINS) in refused.value.fields["domain"][0]


def test_a_deployment_without_a_domain_is_shown_nowhere(house: House, client: FlaskClient) -> None:
    desk = Desk()
    assert desk.sources() == []
    for origin in (SITE, "http://localhost", "null", None):
        assert init(client, desk.id, origin).status_code == 403


def test_another_editor_reaches_nothing(desk: Desk) -> None:
    other = Desk("autre.fr")
    with transaction(other.actor):
        mine = db.session.scalar(select(AllowedDomain.id).where(AllowedDomain.deployment_id == other.id))
        assert db.session.scalar(select(AllowedDomain.id).where(AllowedDomain.deployment_id == desk.id)) is None
        for deployment_id in (desk.id, other.id):
            with pytest.raises(NotFoundError):
                domain_in_reach(deployment_id, "dom_inconnu")
        with pytest.raises(NotFoundError):
            domain_in_reach(desk.id, mine)


# Validation by the platform ------------------------------------------------------------------------------------------------


def test_a_domain_waits_for_the_platform(desk: Desk, admin: User, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        require_review(db.session.get_one(User, desk.editor_id), True)
        assert must_be_reviewed(desk.editor_id) and not must_be_reviewed(admin.id) and not must_be_reviewed(None)
    domain_id = desk.add("grand-compte.fr")
    run_jobs()
    assert "watch_domain" not in run_jobs()
    assert init(client, desk.id, "https://grand-compte.fr").status_code == 403
    assert "https://grand-compte.fr" not in desk.sources() and "https://app.ebp.com" in desk.sources()
    told = notes(admin.id, "domain_waiting")
    assert len(told) == 1 and "grand-compte.fr" in told[0].title and told[0].url == "/admin/domaines"
    desk.add("localhost", "localhost")
    assert "http://localhost:*" in desk.sources(), "one's own machine waits for nobody"

    with transaction(actor_for_admin(admin)):
        assert [row[0].id for row in claims.waiting_domains()] == [domain_id] and claims.to_handle() == 1
        with pytest.raises(InvalidError):
            review_domain(desk.domain(domain_id), accept=False, note="  ")
        review_domain(desk.domain(domain_id), accept=True)
        with pytest.raises(ConflictError):
            review_domain(desk.domain(domain_id), accept=True)
    assert init(client, desk.id, "https://grand-compte.fr").status_code == 200 and "https://grand-compte.fr" in desk.sources()
    with transaction(actor_for_admin(admin)):
        review_domain(desk.domain(domain_id), accept=False, note="Ce site n’est pas le vôtre.")
        assert claims.to_handle() == 0
    assert init(client, desk.id, "https://grand-compte.fr").status_code == 403
    assert [note.body for note in notes(desk.editor_id, "domain_reviewed")][-1] == "Motif : Ce site n’est pas le vôtre."


def actor_for_admin(admin: User) -> Actor:
    with committing():
        return actor_for(db.session.get_one(User, admin.id), "admin")


def test_what_an_administrator_adds_does_not_wait(desk: Desk, admin: User) -> None:
    with committing():
        require_review(db.session.get_one(User, desk.editor_id), True)
    with transaction(actor_for_admin(admin)):
        assert add_domain(db.session.get_one(Deployment, desk.id), "grand-compte.fr", "production").status == "active"
    assert "https://grand-compte.fr" in desk.sources()


def test_an_editor_validates_nothing_himself(desk: Desk) -> None:
    with committing():
        require_review(db.session.get_one(User, desk.editor_id), True)
    domain_id = desk.add("grand-compte.fr")
    changes = (
        "UPDATE allowed_domains SET status = 'active' WHERE id = :id",
        "UPDATE allowed_domains SET host = 'evil.fr' WHERE id = :id",
        "UPDATE allowed_domains SET environment = 'localhost' WHERE id = :id",
        "UPDATE allowed_domains SET is_wildcard = true WHERE id = :id",
        "INSERT INTO allowed_domains (id, deployment_id, editor_id, host, is_wildcard, environment, is_active, created_at) "
        "SELECT 'dom_x', deployment_id, editor_id, 'evil.fr', false, 'production', true, now() FROM allowed_domains WHERE id = :id",
        "INSERT INTO editor_rules VALUES (app_account(), false, now()) ON CONFLICT (editor_id) DO UPDATE SET review_domains = false",
    )
    for change in changes:
        with pytest.raises(DBAPIError), transaction(desk.actor):
            db.session.execute(text(change), {"id": domain_id})
    with transaction(desk.actor):
        assert db.session.execute(text("UPDATE editor_rules SET review_domains = false")).rowcount == 0
        set_domain_active(desk.domain(domain_id), False)
    with committing():
        assert desk.domain(domain_id).status == "waiting" and must_be_reviewed(desk.editor_id)


# Claims --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "added", "host"),
    [
        ("devis.client.fr", "devis.client.fr", "devis.client.fr"),
        ("*.client.fr", "devis.client.fr", "devis.client.fr"),
        ("devis.client.fr", "*.client.fr", "devis.client.fr"),
        ("*.client.fr", "*.sous.client.fr", "sous.client.fr"),
        ("*.client.fr", "*.client.fr", "client.fr"),
        ("*.client.fr", "client.fr", None),
        ("client.fr", "*.client.fr", None),
        ("client.fr", "evilclient.fr", None),
        ("*.client.fr", "autreclient.fr", None),
        ("www.client.fr", "devis.client.fr", None),
    ],
)
def test_a_domain_claimed_by_two_editors(
    house: House, admin: User, run_jobs: Callable[[], list[str]], held: str, added: str, host: str | None
) -> None:
    first, second = Desk(), Desk()
    first.add(held)
    first.add("localhost", "localhost")
    run_jobs()
    assert notes(admin.id, "domain_claimed") == []
    second.add(added)
    second.add("localhost", "localhost")
    run_jobs()
    told = notes(admin.id, "domain_claimed")
    with committing():
        found = claims.open_claims()
        assert claims.to_handle() == len(found) == len(told) == (1 if host else 0)
        if host:
            assert found[0].claim.host == host and {editor.id for editor, _ in found[0].sides} == {first.editor_id, second.editor_id}
            assert host in told[0].title
    with transaction(second.actor):
        assert db.session.execute(text("SELECT * FROM domain_claims")).all() == []


def test_a_claim_is_told_once_and_settled(house: House, admin: User, run_jobs: Callable[[], list[str]]) -> None:
    first, second = Desk("devis.client.fr"), Desk()
    domain_id = second.add("devis.client.fr")
    run_jobs()
    with transaction(second.actor):
        remove_domain(second.domain(domain_id))
    with committing():
        assert claims.open_claims() == [] and claims.to_handle() == 0, "what nobody holds any more waits for nobody"
    second.add("devis.client.fr")
    run_jobs()
    assert len(notes(admin.id, "domain_claimed")) == 1
    with committing():
        claims.settle_claim(claims.open_claims()[0].claim.id)
        assert claims.open_claims() == [] and claims.to_handle() == 0
        with pytest.raises(NotFoundError):
            claims.settle_claim("clm_inconnu")
    assert first.sources() == second.sources() == ["https://devis.client.fr"]


def test_a_domain_whose_job_was_lost_is_looked_at_later(house: House, admin: User) -> None:
    Desk("devis.client.fr")
    second = Desk()
    second.add("devis.client.fr")
    redis_client().flushdb()
    claims.watch_missed()
    assert notes(admin.id, "domain_claimed") == [], "its job may still be on its way"
    with clock.freeze(clock.now() + timedelta(minutes=5)):
        claims.watch_missed()
        claims.watch_missed()
    assert len(notes(admin.id, "domain_claimed")) == 1
