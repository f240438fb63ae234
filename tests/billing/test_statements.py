"""Statements: what a month costs, prepared once, numbered without gaps, frozen, undone by credit notes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from app.billing.models import Plan, Subscription, UsageLog
from app.billing.statements.issuer import save_vat_rate
from app.billing.statements.lines import Line, from_rows, invoice_lines, to_rows, undone
from app.billing.statements.models import BillingNote, BillingProfile, Statement
from app.billing.statements.profiles import BillingTerms, change_contact, save_profile
from app.billing.statements.service import content_hash, issue, prepare_again, prepare_month, undo
from app.billing.statements.sweeping import prepare_due
from app.core import clock
from app.core.errors import ConflictError, InvalidError
from app.core.money import round_cents, totals
from app.core.transaction import transaction
from app.extensions import db
from app.identity.models import User
from app.web.house import House
from tests.factories import actor_for, committing, make_user
from tests.factories.billing import DECEMBER, contact, make_billed, make_issuer, use

NOVEMBER = "2026-11"


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with clock.freeze(DECEMBER):
        yield


def drafts() -> list[Statement]:
    with committing():
        return list(db.session.scalars(select(Statement).order_by(Statement.created_at)))


def issued_one(cost: str = "12.345") -> tuple[User, Statement]:
    with committing():
        make_issuer()
        editor, _ = make_billed()
        use(editor, cost)
        return editor, issue(prepare_month(editor.id, NOVEMBER))


def test_a_month_is_the_plan_and_the_calls_that_the_platform_paid(house: House) -> None:
    with committing():
        editor, _ = make_billed()
        stranger = make_user("editeur")
        use(editor, "12.34449999")
        use(editor, "0.005", day=date(2026, 11, 30), model="gpt-4o")
        use(editor, "3", day=date(2026, 11, 30), paid_by=editor.id)
        use(editor, "4", day=date(2026, 10, 31))
        use(editor, "5", day=date(2026, 12, 1))
        use(editor, "0", model="local", provider="local")
        use(stranger, "6")
        found = prepare_month(editor.id, NOVEMBER)
    lines = from_rows(found.lines)
    assert [(line.kind, line.model, line.total_ht) for line in lines] == [
        ("plan", "", Decimal("199.00")),
        ("usage", "gpt-4o-mini", Decimal("12.34")),
        ("usage", "gpt-4o", Decimal("0.01")),
    ]
    assert lines[0].label == "Forfait Pro" and lines[0].detail == "Novembre 2026"
    assert lines[1].label == "Intelligence artificielle : Expert BTP" and (lines[1].calls, lines[1].prompt_tokens) == (12, 9000)
    assert (found.total_ht, found.total_vat, found.total_ttc) == (Decimal("211.35"), Decimal("42.27"), Decimal("253.62"))
    assert found.status == "draft" and found.number is None


@pytest.mark.parametrize(
    ("terms", "month", "amounts"),
    [
        ({"cycle": "usage"}, NOVEMBER, ["1.00"]),
        ({"cycle": "yearly", "renewal_month": 11}, NOVEMBER, ["2388.00", "1.00"]),
        ({"cycle": "yearly", "renewal_month": 1}, NOVEMBER, ["1.00"]),
        ({"agreed_price_month": Decimal("149.90")}, NOVEMBER, ["149.90", "1.00"]),
        ({}, "2026-10", ["199.00"]),
        ({}, "2026-09", []),
    ],
)
def test_cycles_and_agreed_prices(house: House, terms: dict[str, object], month: str, amounts: list[str]) -> None:
    with committing():
        editor, _ = make_billed(**terms)
        use(editor, "1")
        if not amounts:
            with pytest.raises(ConflictError, match="Rien n’est à facturer"):
                prepare_month(editor.id, month)
        else:
            found = from_rows(prepare_month(editor.id, month).lines)
            assert [str(line.total_ht) for line in found] == amounts


def test_the_job_of_the_first_prepares_each_month_once(house: House) -> None:
    with committing():
        active, _ = make_billed()
        for status in ("suspended", "cancelled"):
            make_billed(status=status)
        make_billed(first_month="2026-12")
        make_billed(plan=None)  # owes nothing
    assert prepare_due() == 1 and prepare_due() == 0
    assert [(one.editor_id, one.month) for one in drafts()] == [(active.id, NOVEMBER)]
    with clock.freeze(datetime(2026, 11, 30, 22, 59, tzinfo=UTC)):  # one minute before December in Paris
        assert prepare_due() == 1, "October is the last month that is over"
    with clock.freeze(datetime(2026, 11, 30, 23, 0, tzinfo=UTC)):
        assert prepare_due() == 0, "November has one"


def test_calls_that_are_not_counted_yet_are_waited_for(house: House) -> None:
    with committing():
        make_issuer()
        editor, _ = make_billed()
        found = prepare_month(editor.id, NOVEMBER)
        log = UsageLog(
            editor_id=editor.id,
            provider="openai",
            model="gpt-4o",
            prompt_tokens=1,
            completion_tokens=1,
            estimated=False,
            latency_ms=1,
            success=True,
            created_at=datetime(2026, 11, 30, 22, 59, tzinfo=UTC),
        )
        db.session.add(log)
        db.session.flush()
        with pytest.raises(ConflictError, match="en train d’être comptés"):
            issue(found)
        db.session.delete(found)
    assert prepare_due() == 0
    with committing():
        db.session.execute(text("UPDATE usage_logs SET created_at = '2026-11-30T23:00:00Z'"))
    assert prepare_due() == 1, "that call is December's in Paris"


def test_a_month_that_goes_on_has_no_statement(house: House) -> None:
    with committing():
        editor, _ = make_billed()
        with pytest.raises(ConflictError, match="n’est pas terminé"):
            prepare_month(editor.id, "2026-12")
        with pytest.raises(InvalidError):
            prepare_month(make_user("editeur").id, NOVEMBER)


def test_what_is_issued_is_complete_numbered_and_frozen(house: House) -> None:
    _, found = issued_one()
    assert (found.number, found.status) == ("REL-2026-0001", "issued")
    assert found.seller["name"] == "AI-Manager SAS" and found.buyer["city"] == "Rambouillet"
    with committing():
        again = db.session.get_one(Statement, found.id)
        assert again.hash == content_hash(again) and len(again.hash or "") == 64
        with pytest.raises(ConflictError, match="déjà émis"):
            issue(again)
        with pytest.raises(ConflictError, match="ne change plus"):
            prepare_again(again)
    for change in ("total_ttc = 1", "lines = '[]'", "number = 'X'", "status = 'draft', number = NULL", "buyer = '{}'"):
        with pytest.raises(ProgrammingError, match="violates what"), committing():
            db.session.execute(text(f"UPDATE statements SET {change}"))
    with pytest.raises(ProgrammingError, match="violates what"), committing():
        db.session.execute(text("DELETE FROM statements"))


@pytest.mark.parametrize(
    ("missing", "words"),
    [("issuer", "qui émet"), ("address", "incomplète"), ("price", "n’a pas de prix"), ("outdated", "recalculez"), ("cancelled", "arrêtée")],
)
def test_what_is_missing_to_issue_is_said(house: House, missing: str, words: str) -> None:
    with committing():
        if missing != "issuer":
            make_issuer()
        editor, profile = make_billed("enterprise" if missing == "price" else "pro")
        use(editor, "2")
        found = prepare_month(editor.id, NOVEMBER)
        if missing == "address":
            change_contact(profile, contact(city=""))
        elif missing == "outdated":
            use(editor, "1", model="gpt-4o")
        elif missing == "cancelled":
            save_profile(editor.id, contact(), BillingTerms(status="cancelled"))
        with pytest.raises(ConflictError, match=words):
            issue(found)
        if missing == "outdated":
            prepare_again(found)
            assert issue(found).total_ht == Decimal("202.00")


def test_numbers_follow_each_other_through_refusals_and_years(house: House) -> None:
    with committing():
        make_issuer()
        editors = [make_billed()[0] for _ in range(3)]
    numbers = []
    for editor in editors:
        with pytest.raises(RuntimeError), committing():
            issue(prepare_month(editor.id, NOVEMBER))
            raise RuntimeError("the transaction is lost, its number too")
        with committing():
            numbers.append(issue(prepare_month(editor.id, NOVEMBER)).number)
    with clock.freeze(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)), committing():
        numbers.append(issue(prepare_month(editors[0].id, "2026-12")).number)
    assert numbers == ["REL-2026-0001", "REL-2026-0002", "REL-2026-0003", "REL-2027-0001"]


def test_a_mistake_is_undone_by_a_credit_note(house: House) -> None:
    editor, found = issued_one("12.345")
    with committing():
        credit = undo(db.session.get_one(Statement, found.id))
        assert (credit.kind, credit.number, credit.corrects_id) == ("credit", "REL-2026-0002", found.id)
        assert (credit.total_ht, credit.total_ttc) == (-found.total_ht, -found.total_ttc)
        for wrong in (credit, db.session.get_one(Statement, found.id)):
            with pytest.raises(ConflictError):
                undo(wrong)
    assert prepare_due() == 0, "what was undone is left to people"
    with committing():
        second = prepare_month(editor.id, NOVEMBER)
        assert second.id != found.id and issue(second).number == "REL-2026-0003"


def test_the_rate_is_that_of_the_month(house: House) -> None:
    with committing():
        save_vat_rate(date(2026, 12, 1), Decimal("21.5"))
        editor, profile = make_billed(vat_mode="normal")
        assert prepare_month(editor.id, NOVEMBER).total_ttc == Decimal("238.80")
        belgian, _ = make_billed(customer=contact(country="BE", vat_number="BE0428759497", siret="", postcode="1000"), vat_mode="reverse")
        found = prepare_month(belgian.id, NOVEMBER)
        assert (found.total_ht, found.total_ttc) == (Decimal("199.00"), Decimal("199.00"))
    with clock.freeze(datetime(2027, 1, 1, 5, tzinfo=UTC)), committing():
        assert prepare_month(editor.id, "2026-12").total_ttc == Decimal("241.79")


@pytest.mark.parametrize(
    ("changes", "terms", "field"),
    [
        ({"siret": "12345678901234"}, {}, "siret"),
        ({"billing_email": "personne"}, {}, "billing_email"),
        ({"postcode": "7812"}, {}, "postcode"),
        ({"vat_number": "FR00000000000"}, {}, "vat_number"),
        ({"country": "XX"}, {}, "country"),
        ({}, {"vat_mode": "reverse"}, "vat_mode"),
        ({}, {"first_month": "2026-13"}, "first_month"),
        ({}, {"cycle": "weekly"}, "cycle"),
        ({}, {"agreed_price_month": Decimal(-1)}, "agreed_price_month"),
    ],
)
def test_a_profile_is_checked(house: House, changes: dict[str, str], terms: dict[str, object], field: str) -> None:
    with committing():
        editor = make_user("editeur")
        with pytest.raises(InvalidError) as refusal:
            save_profile(editor.id, contact(**changes), BillingTerms(**terms))
        assert field in refusal.value.fields


def test_billing_that_starts_again_does_not_bill_what_lies_between(house: House) -> None:
    with committing():
        editor, _ = make_billed(status="suspended")
        again = save_profile(editor.id, contact(), BillingTerms(first_month="2026-10"))
        assert again.first_month == "2026-12"


def test_an_editor_writes_his_contact_and_nothing_else(house: House) -> None:
    with committing():
        editor, _ = make_billed(notes="Paie tard.")
        other, _ = make_billed()
        actor = actor_for(editor, "editeur")
    with transaction(actor):
        assert [one.editor_id for one in db.session.scalars(select(BillingProfile))] == [editor.id]
        assert db.session.scalars(select(BillingNote)).all() == []
        change_contact(db.session.get_one(BillingProfile, editor.id), contact(city="Versailles"))
    for change in ("status = 'cancelled'", "agreed_price_month = 0", "cycle = 'usage'", "first_month = '2099-01'"):
        with pytest.raises(ProgrammingError, match="violates what"), transaction(actor):
            db.session.execute(text(f"UPDATE billing_profiles SET {change} WHERE editor_id = '{editor.id}'"))
    with transaction(actor):
        changed = db.session.execute(text("UPDATE billing_profiles SET city = 'X' WHERE editor_id = :id"), {"id": other.id})
        assert changed.rowcount == 0
    with committing():
        assert db.session.get_one(BillingProfile, editor.id).city == "Versailles"


def test_an_editor_reads_what_was_issued_to_him(house: House) -> None:
    editor, found = issued_one()
    with committing():
        prepare_month(editor.id, "2026-10")
        other, _ = make_billed()
        issue(prepare_month(other.id, NOVEMBER))
        actor = actor_for(editor, "editeur")
    with transaction(actor):
        assert db.session.scalars(select(Statement.id)).all() == [found.id], "neither a draft nor another's"
        assert db.session.execute(text("SELECT count(*) FROM accounting_settings")).scalar() == 0
    with pytest.raises(ProgrammingError), transaction(actor):
        db.session.execute(text(f"INSERT INTO statement_pushes VALUES ('psh_1', '{found.id}', 1, true, 'x', NULL, 1, now())"))


def test_a_plan_taken_after_the_month_is_not_billed(house: House) -> None:
    with committing():
        editor, profile = make_billed(plan=None)
        plan = db.session.scalars(select(Plan).where(Plan.slug == "pro")).one()
        db.session.add(Subscription(editor_id=editor.id, plan_id=plan.id, since=datetime(2026, 11, 30, 23, 0, tzinfo=UTC)))
        db.session.flush()
        with pytest.raises(ConflictError, match="Rien"):
            prepare_month(editor.id, NOVEMBER)


AMOUNTS = st.decimals(Decimal("-9999.99"), Decimal("99999.99"), places=2)
RATES = st.sampled_from([Decimal(20), Decimal(10), Decimal("5.5"), Decimal(0), Decimal("8.5")])


def line(amount: Decimal, rate: Decimal) -> Line:
    return Line("usage", "x", "y", Decimal(1), "mois", amount, amount, rate, cost_eur=amount)


@given(st.lists(st.builds(line, AMOUNTS, RATES), min_size=1, max_size=30))
def test_totals_are_exact_whatever_the_lines(lines: list[Line]) -> None:
    found = totals(lines)
    assert found.total_ht == sum((one.total_ht for one in lines), Decimal(0))
    assert found.total_ttc == found.total_ht + sum((vat.amount for vat in found.vat), Decimal(0))
    assert from_rows(to_rows(lines)) == lines
    opposite = totals(undone(lines))
    assert (opposite.total_ht, opposite.total_ttc) == (-found.total_ht, -found.total_ttc)


@given(st.lists(st.builds(line, AMOUNTS, RATES), min_size=1, max_size=30))
def test_a_system_that_rounds_the_vat_of_each_line_finds_our_cents(lines: list[Line]) -> None:
    ours, given_lines = totals(lines), invoice_lines(lines)
    there = sum((one.total_ht + round_cents(one.total_ht * one.vat_rate / 100) for one in given_lines), Decimal(0))
    assert there == ours.total_ttc
    assert {one.vat_rate for one in given_lines} == {vat.rate for vat in ours.vat}


def test_lines_are_grouped_only_when_cents_would_differ() -> None:
    plain = [line(Decimal("10.00"), Decimal(20)), line(Decimal("5.00"), Decimal(20))]
    assert invoice_lines(plain) == plain
    awkward = [line(Decimal("0.02"), Decimal(20))] * 3
    assert sum(round_cents(one.total_ht * one.vat_rate / 100) for one in awkward) != totals(awkward).vat[0].amount
    assert [one.total_ht for one in invoice_lines(awkward)] == [Decimal("0.06")]
