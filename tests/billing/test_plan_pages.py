"""Plans as administrators keep them, limits as editors share them, and what both read of the month."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.billing.plans import limits_of
from app.core.errors import ConflictError
from app.deployments.limits import check_room
from app.deployments.models import Deployment
from app.extensions import db
from app.identity.models import User
from app.web.house import House
from tests.billing.test_quotas import ask, say, tenant_with
from tests.factories import committing, make_deployment, make_user
from tests.factories.conversations import Tenant, open_chat
from tests.guards.test_pages import check_html
from tests.support.portal import Person, sign_in


@pytest.fixture
def admin(house: House) -> Person:
    with committing():
        return sign_in(house, make_user("admin"), portal="admin")


def editor_browser(house: House, tenant: Tenant) -> Person:
    return Person(house).signed_in(tenant.editor.id, portal="editeur")


def read(browser: Person, path: str) -> str:
    """A whole page, its HTML checked, with plain spaces."""
    answer = browser.get(path)
    assert answer.status_code == 200, path
    page = answer.get_data(as_text=True)
    check_html(path, page)
    return page.replace("\u202f", " ").replace("\u00a0", " ")


def test_the_plans_of_the_document(admin: Person) -> None:
    page = read(admin, "/admin/forfaits")
    for words in ("Starter", "1 000", "10 000", "49,00 €", "Pro", "199,00 €", "Business", "500 000", "499,00 €", "Enterprise", "Sur devis"):
        assert words in page
    found = ask("SELECT slug, sessions_month, messages_month, deployments, price_month::int FROM plans ORDER BY position")
    assert [tuple(row) for row in found] == [
        ("starter", 1000, 10_000, 1, 49),
        ("pro", 10_000, 100_000, 5, 199),
        ("business", 50_000, 500_000, 20, 499),
        ("enterprise", None, None, None, None),
    ]


def test_a_plan_is_made_changed_and_withdrawn(admin: Person) -> None:
    read(admin, "/admin/forfaits/nouveau")
    form = {"name": "Découverte", "price_month": "9,90", "sessions_month": "50", "messages_month": "", "deployments": "1", "is_active": "y"}
    assert admin.post("/admin/forfaits/nouveau", data=form).status_code == 303
    plan = ask("SELECT id, slug, sessions_month, messages_month, price_month::text, position FROM plans WHERE name = 'Découverte'")[0]
    assert tuple(plan)[1:] == ("decouverte", 50, None, "9.90", 5)
    for wrong in ({"name": "starter"}, {"name": ""}, {"sessions_month": "0"}, {"price_month": "cher"}):
        assert admin.post(f"/admin/forfaits/{plan.id}", data=form | wrong).status_code == 422
    assert "Découverte" in read(admin, f"/admin/forfaits/{plan.id}")
    changed = {key: value for key, value in form.items() if key != "is_active"} | {"price_month": ""}
    assert admin.post(f"/admin/forfaits/{plan.id}", data=changed).status_code == 303
    assert ask("SELECT price_month, is_active FROM plans WHERE id = :id", id=plan.id) == [(None, False)]
    assert admin.get("/admin/forfaits/pln_unknown").status_code == 404


def test_an_editor_gets_a_plan_with_terms_of_his_own(house: House, admin: Person, client: FlaskClient) -> None:
    tenant = tenant_with()
    url = f"/admin/editeurs/{tenant.editor.id}/forfait"
    assert "Choisissez un forfait" in read(admin, url)
    form = {
        "plan": "pln_pro",
        "sessions_month_from": "propre",
        "sessions_month": "5",
        "messages_month_from": "aucune",
        "deployments_from": "forfait",
        "suspends_on_overrun": "y",
    }
    assert admin.post(url, data=form).status_code == 303
    with committing():
        limits = limits_of(tenant.editor.id)
        assert limits is not None
        assert (limits.plan_name, limits.sessions_month, limits.messages_month, limits.deployments) == ("Pro", 5, None, 5)
    for _ in range(4):
        say(client, open_chat(tenant))
    page = read(admin, f"/admin/editeurs/{tenant.editor.id}")
    assert "Forfait Pro" in page and "4 sur 5 · 80 %" in page
    assert "de ses visiteurs" in page and "de vos visiteurs" in read(editor_browser(house, tenant), "/editeur/"), "answers are not counted"
    assert admin.post(url, data=form | {"sessions_month": ""}).status_code == 422
    assert admin.post(url, data=form | {"plan": "pln_unknown"}).status_code == 422
    assert admin.post(f"{url}/retrait").status_code == 303
    assert "Aucun forfait" in read(admin, f"/admin/editeurs/{tenant.editor.id}")


def test_the_editor_sees_his_month_coming_to_its_end(house: House, client: FlaskClient) -> None:
    tenant = tenant_with(messages_month=5)
    browser, chat = editor_browser(house, tenant), open_chat(tenant)
    for _ in range(3):
        say(client, chat)
    assert "3 sur 5 · 60 %" in read(browser, "/editeur/") and "notice-wait" not in read(browser, "/editeur/liens")
    say(client, chat)
    assert "80 % de votre forfait Enterprise est utilisé" in read(browser, "/editeur/liens"), "on every page of his portal"
    say(client, chat)
    page = read(browser, "/editeur/conversations")
    assert "Votre forfait Enterprise est atteint" in page and "Messages : 5 sur 5" in page


def test_the_limits_of_a_deployment_lie_within_the_plan(house: House, admin: Person, client: FlaskClient) -> None:
    tenant = tenant_with(sessions_month=500, messages_month=5000)
    for browser, portal in ((editor_browser(house, tenant), "editeur"), (admin, "admin")):
        url = f"/{portal}/deploiements/{tenant.deployment.id}/limites"
        assert "au plus" in read(browser, url).lower()
        form = {"max_sessions_day": "20", "max_messages_day": "", "rate_limit_per_ip": "45"}
        for wrong in ({"max_sessions_day": "501"}, {"max_messages_day": "5001"}, {"max_sessions_day": "0"}, {"rate_limit_per_ip": "29"}):
            answer = browser.post(url, data=form | wrong)
            assert answer.status_code == 422 and "Un nombre entre" in answer.get_data(as_text=True)
        assert "entre 1 et 5\u202f000" in browser.post(url, data=form | {"max_messages_day": "5001"}).get_data(as_text=True)
        assert browser.post(url, data=form).status_code == 303
        with committing():
            found = db.session.get_one(Deployment, tenant.deployment.id)
            assert (found.max_sessions_day, found.max_messages_day, found.rate_limit_per_ip) == (20, None, 45)
            db.session.execute(text("UPDATE deployments SET max_sessions_day = NULL, rate_limit_per_ip = 60"))
    other = tenant_with()
    assert editor_browser(house, other).get(f"/editeur/deploiements/{tenant.deployment.id}/limites").status_code == 404


def test_deployments_of_the_plan(house: House) -> None:
    tenant = tenant_with(deployments=2)
    with committing():
        check_room(tenant.editor.id)
        second = make_deployment(db.session.get_one(User, tenant.editor.id))
        with pytest.raises(ConflictError) as refusal:
            check_room(tenant.editor.id)
        assert refusal.value.code == "plan_deployments_reached"
        second.is_active = False
        db.session.flush()
        check_room(tenant.editor.id)
