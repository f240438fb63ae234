"""Budgets of editors: alerts once each, a stop that holds at once and opens again at once, own keys left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.billing import budgets
from app.billing.budget_alerts import tell_budget_levels
from app.billing.checking import drift
from app.billing.folding import fold
from app.billing.rebuilding import rebuild
from app.billing.service import log_calls
from app.billing.statements.models import BillingProfile
from app.billing.statements.month import month_lines
from app.core import acting, clock
from app.core.acting import Actor
from app.core.errors import InvalidError, LimitError
from app.core.transaction import transaction
from app.extensions import db
from app.llm.calls import ModelCall, usage_logs
from app.llm.models import Model
from app.llm.prices import add_price
from app.web.house import House
from tests.billing.test_folding import call, keep
from tests.billing.test_plan_pages import read
from tests.billing.test_quotas import refused, say
from tests.factories import actor_for, committing, make_user
from tests.factories.conversations import Tenant, make_tenant, open_chat
from tests.support.portal import Person, sign_in

NOON = datetime(2026, 11, 21, 11, tzinfo=UTC)
Jobs = Callable[[], list[str]]


@pytest.fixture
def tenant(house: House) -> Tenant:
    with committing():
        made = make_tenant()
        for part in (made.editor, made.artisan, made.tie, made.deployment):
            db.session.refresh(part)
        db.session.expunge_all()
    return made


def give(tenant: Tenant, amount: str, *, hard_stop: bool = True) -> None:
    with committing():
        budgets.set_budget(tenant.editor.id, Decimal(amount), hard_stop=hard_stop)


def spend(tenant: Tenant, eur: str, **values: Any) -> None:
    """A call that costs so much, folded."""
    keep(call(**{"editor_id": tenant.editor.id, "cost_eur": Decimal(eur), "created_at": clock.now()} | values))
    fold()


def stopped(tenant: Tenant) -> bool:
    with committing():
        return budgets.spent_out(tenant.editor.id)


def levels() -> list[tuple[str, int, bool]]:
    with committing():
        rows = db.session.execute(text("SELECT month, level, told_at IS NOT NULL FROM budget_alerts ORDER BY month, level")).all()
    return [tuple(row) for row in rows]


def told(user_id: str, kind: str) -> list[str]:
    with committing():
        query = "SELECT title FROM notifications WHERE user_id = :id AND kind = :kind ORDER BY created_at, id"
        return list(db.session.scalars(text(query), {"id": user_id, "kind": kind}))


def test_a_budget_used_up_stops_the_visitors_with_a_kind_sentence(house: House, client: FlaskClient, tenant: Tenant) -> None:
    with clock.freeze(NOON):
        chat = open_chat(tenant)
        give(tenant, "1.00")
        spend(tenant, "0.99999999")
        assert say(client, chat).status_code == 202
        assert not stopped(tenant)
        spend(tenant, "0.00000001")
        assert stopped(tenant)
        answer = refused(say(client, chat), "budget_exceeded")
        assert int(answer.headers["Retry-After"]) == (datetime(2026, 11, 30, 23, tzinfo=UTC) - NOON).total_seconds()
        error = answer.get_json()["error"]
        message = error["message"].replace("\u202f", " ").replace("\u00a0", " ")
        assert "06 12 34 56 78" in message and "budget" not in message.lower() and "€" not in message
        assert error["details"]["artisan_name"] == tenant.artisan.display_name
        with committing():
            assert db.session.execute(text("SELECT sessions, messages FROM usage_counters")).all() == [(1, 1)], "a refusal counts nothing"
        with committing(), pytest.raises(LimitError) as caught:
            budgets.refuse_spent_out(tenant.editor.id)
        assert caught.value.code == "budget_exceeded"


def used(tenant: Tenant, model: str = "sans-prix", **values: Any) -> None:
    """A call of the platform's server for agents, logged with what it costs, folded."""
    made: dict[str, Any] = {"provider": "ollama", "prompt_tokens": 1_000_000, "completion_tokens": 0, "success": True}
    spent = ModelCall(model=model, estimated=False, latency_ms=1, ttft_ms=1, **made | values)
    with transaction(acting.platform("sweep")):
        log_calls(usage_logs([spent], editor_id=tenant.editor.id))
    fold()


def test_a_model_without_a_price_does_not_escape_the_stop(house: House, client: FlaskClient, tenant: Tenant) -> None:
    chat = open_chat(tenant)
    give(tenant, "2.58")
    used(tenant, prompt_tokens=999_999)
    assert not stopped(tenant) and say(client, chat).status_code == 202
    with committing():
        state = budgets.budget_of(tenant.editor.id)
        assert state is not None and state.spent == state.unpriced > Decimal("2.57")
        admin, editor = sign_in(house, make_user("admin")), sign_in(house, tenant.editor)
    used(tenant, prompt_tokens=1)
    assert stopped(tenant)
    refused(say(client, chat), "budget_exceeded")
    with committing():
        lines = db.session.execute(text("SELECT cost_eur, unpriced_eur FROM usage_logs ORDER BY unpriced_eur")).all()
        owed = month_lines(BillingProfile(editor_id=tenant.editor.id, cycle="usage", vat_mode="normal"), clock.paris_month())
        assert lines[-1][0] == 0 and owed == [], "an estimate is charged to nobody"
        assert drift() == []
    rebuild()
    assert stopped(tenant)
    said = "Dont 2,58 € estimés : faute de prix, comptés au tarif le plus élevé."
    for person, page in ((admin, f"/admin/editeurs/{tenant.editor.id}"), (editor, "/editeur/couts")):
        assert said in " ".join(read(person, page).replace("\u202f", " ").replace("\u00a0", " ").split()), page


def test_what_is_free_or_paid_by_another_key_is_not_estimated(house: House, tenant: Tenant) -> None:
    give(tenant, "0.01")
    with committing():
        free = db.session.scalars(db.select(Model).where(Model.key == "mistral:7b")).one()
        add_price(free, "0", "0", "EUR", clock.paris_day())
    used(tenant, "mistral:7b")
    used(tenant, "local", provider="local")
    used(tenant, owner_id=tenant.editor.id)
    used(tenant, success=False, error_class="auth")
    assert not stopped(tenant)
    with committing():
        state = budgets.budget_of(tenant.editor.id)
        assert state is not None and (state.spent, state.unpriced) == (0, 0)
    used(tenant)
    assert stopped(tenant)


def test_a_failed_reply_is_not_written_again_on_a_budget_used_up(house: House, client: FlaskClient, tenant: Tenant) -> None:
    chat = open_chat(tenant)
    give(tenant, "1.00")
    reply = say(client, chat).get_json()["data"]["message_id"]
    with committing():
        db.session.execute(text("UPDATE messages SET status = 'failed' WHERE id = :id"), {"id": reply})
    spend(tenant, "1.00")
    again = f"/api/widget/v1/message/{reply}/retry"
    refused(client.post(again, headers=chat.headers), "budget_exceeded")
    give(tenant, "2.00")
    assert client.post(again, headers=chat.headers).status_code < 300


def test_more_money_opens_at_once(house: House, client: FlaskClient, tenant: Tenant) -> None:
    chat = open_chat(tenant)
    give(tenant, "1.00")
    spend(tenant, "1.00")
    refused(say(client, chat), "budget_exceeded")
    give(tenant, "1.01")
    assert say(client, chat).status_code == 202
    give(tenant, "0.50")
    refused(say(client, chat), "budget_exceeded")
    give(tenant, "0.50", hard_stop=False)
    assert say(client, chat).status_code == 202
    give(tenant, "0.50")
    refused(say(client, chat), "budget_exceeded")
    with committing():
        budgets.drop_budget(tenant.editor.id)
        budgets.drop_budget(tenant.editor.id)
    assert say(client, chat).status_code == 202
    assert levels() == []


def test_a_new_month_opens_at_once(house: House, client: FlaskClient, tenant: Tenant) -> None:
    with committing():
        db.session.execute(text("UPDATE session_links SET expires_at = now() + interval '9 years'"))
    with clock.freeze(datetime(2026, 11, 30, 22, 59, tzinfo=UTC)):
        chat = open_chat(tenant)
        give(tenant, "1.00")
        spend(tenant, "2.00")
        refused(say(client, chat), "budget_exceeded")
    with clock.freeze(datetime(2026, 11, 30, 23, 0, tzinfo=UTC)):
        assert not stopped(tenant)
        assert say(client, chat).status_code == 202
        with committing():
            found = budgets.budget_of(tenant.editor.id)
        assert found is not None and (found.spent, found.percent) == (0, 0)
        # What was called before midnight and is folded after it is the old month's.
        spend(tenant, "5.00", created_at=datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC))
        assert not stopped(tenant)
        assert {month for month, _, _ in levels()} == {"2026-11"}
        spend(tenant, "1.00")
        assert stopped(tenant)


def test_own_keys_and_others_calls_do_not_count(house: House, tenant: Tenant) -> None:
    with committing():
        other = make_user("editeur").id
    give(tenant, "1.00")
    spend(tenant, "5.00", paid_by=tenant.editor.id)
    spend(tenant, "5.00", editor_id=other)
    spend(tenant, "5.00", editor_id=None)
    assert not stopped(tenant)
    assert levels() == []
    spend(tenant, "1.00", purpose="assist")
    assert stopped(tenant), "whatever it was asked for"


def test_alerts_once_each_to_the_editor_and_the_administrators(house: House, tenant: Tenant, run_jobs: Jobs) -> None:
    with committing():
        boss = make_user("admin").id
    give(tenant, "10.00")
    seen = []
    for _ in range(10):
        spend(tenant, "1.00")
        run_jobs()
        seen.append(len(told(tenant.editor.id, "budget")))
    spend(tenant, "1.00")
    run_jobs()
    assert seen == [0, 0, 0, 0, 0, 0, 0, 1, 2, 3]
    assert tell_budget_levels() == 0
    assert told(tenant.editor.id, "budget") == [
        "Budget IA : 80 % sont dépensés",
        "Budget IA : 90 % sont dépensés",
        "Budget IA : il est épuisé, vos assistants sont arrêtés",
    ]
    name = tenant.editor.display_name
    assert told(boss, "budget_of_editor") == [f"Budget IA de {name} : {level} %" for level in (80, 90, 100)]
    with committing():
        mails = list(db.session.scalars(text("SELECT text FROM emails WHERE kind = 'budget' ORDER BY created_at")))
    assert len(mails) == 3
    assert "8,00 € sur 10,00 €" in mails[0].replace("\u202f", " ").replace("\u00a0", " ")


def test_levels_reached_together_are_told_as_one(house: House, tenant: Tenant, run_jobs: Jobs) -> None:
    give(tenant, "1.00", hard_stop=False)
    spend(tenant, "3.00")
    run_jobs()
    assert told(tenant.editor.id, "budget") == ["Budget IA : il est épuisé"]
    assert [level for _, level, done in levels() if done] == [80, 90, 100]
    give(tenant, "3.40", hard_stop=False)
    assert [level for _, level, _ in levels()] == [80], "what is no longer reached may be told again"


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "1000000.01"])
def test_an_amount_is_money(house: House, tenant: Tenant, amount: str) -> None:
    with pytest.raises(InvalidError) as caught:
        give(tenant, amount)
    assert "amount" in caught.value.fields


def passes(actor: Actor, statement: str) -> bool:
    try:
        with transaction(actor):
            return db.session.execute(text(statement)).rowcount > 0
    except DBAPIError:
        return False


def test_an_editor_reads_his_own_budget_and_writes_none(house: House, tenant: Tenant) -> None:
    with committing():
        other = make_user("editeur")
        budgets.set_budget(other.id, Decimal(5), hard_stop=True)
        editor, artisan = actor_for(tenant.editor, "editeur"), actor_for(tenant.artisan, "artisan")
    give(tenant, "1.00")
    spend(tenant, "1.00")
    job = acting.system("content", editor_id=tenant.editor.id, artisan_id=None)
    visitor = acting.visitor(None, deployment_id=tenant.deployment.id, editor_id=tenant.editor.id)
    seen = {}
    for name, actor in {"editor": editor, "job": job, "artisan": artisan, "visitor": visitor, "door": acting.door()}.items():
        with transaction(actor):
            counts = [db.session.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("budgets", "budget_alerts")]
            seen[name] = (*counts, budgets.spent_out(tenant.editor.id))
        for table in ("budgets", "budget_alerts"):
            assert not passes(actor, f"DELETE FROM {table}")
        assert not passes(actor, "UPDATE budgets SET amount_eur = 100")
    assert seen == {
        "editor": (1, 3, True),
        "job": (1, 0, True),
        "artisan": (0, 0, False),
        "visitor": (0, 0, False),
        "door": (0, 0, False),
    }


def test_the_administrator_sets_it_and_the_editor_sees_it_on_every_page(house: House, tenant: Tenant) -> None:
    with committing():
        admin = sign_in(house, make_user("admin"), portal="admin")
    editor = Person(house).signed_in(tenant.editor.id, portal="editeur")
    page, url = f"/admin/editeurs/{tenant.editor.id}", f"/admin/editeurs/{tenant.editor.id}/budget"
    assert "Rien ne borne" in read(admin, page)
    assert "Budget IA · " in read(admin, url)
    for wrong in ("", "beaucoup", "-5", "0"):
        answer = admin.post(url, data={"amount": wrong, "hard_stop": "y"})
        assert answer.status_code == 422 and f'value="{wrong}"' in answer.get_data(as_text=True), wrong
    assert admin.post(url, data={"amount": "1 200,50 €", "hard_stop": "y"}).status_code == 303
    with committing():
        found = budgets.budget_of(tenant.editor.id)
    assert found is not None and (found.amount, found.hard_stop) == (Decimal("1200.50"), True)
    assert 'value="1 200,5' in read(admin, url) or 'value="1200,5' in read(admin, url)
    assert "budget IA" not in read(editor, "/editeur/liens")
    spend(tenant, "1080.45")
    assert "90 % de votre budget IA sont dépensés" in read(editor, "/editeur/liens")
    spend(tenant, "120.05")
    assert "Votre budget IA est épuisé : vos assistants sont arrêtés" in read(editor, "/editeur/")
    shown = read(admin, page)
    assert "Ses assistants sont arrêtés" in shown and "1 200,50 € sur 1 200,50 €" in shown
    assert admin.post(url, data={"amount": "1200,50"}).status_code == 303
    assert "Vos assistants répondent toujours" in read(editor, "/editeur/")
    assert admin.post(f"{url}/retrait").status_code == 303
    assert "budget IA" not in read(editor, "/editeur/liens") and "Rien ne borne" in read(admin, page)
    assert admin.get("/admin/editeurs/usr_unknown/budget").status_code == 404
    journal = read(admin, "/admin/journal")
    assert "Budget IA d’un éditeur changé" in journal and "Budget IA d’un éditeur retiré" in journal
