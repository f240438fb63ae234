"""Statements pushed to Dolibarr over real HTTP: once, whatever is lost on the way, and never with the key in a message."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from app.billing.statements import accounting
from app.billing.statements.accounting import check_connection, client_for, reseal_key, save_accounting
from app.billing.statements.dolibarr import Dolibarr
from app.billing.statements.models import AccountingSettings, Statement, StatementPush
from app.billing.statements.pushing import DELAYS, push, queue_push
from app.billing.statements.queries import pushes_of
from app.billing.statements.service import issue, prepare_month, undo
from app.billing.statements.sweeping import sweep
from app.core import clock
from app.core.errors import ConflictError, InvalidError
from app.core.http import outbound
from app.core.jobs import RetryableError
from app.extensions import db
from app.identity.models import User
from app.web.house import House
from tests.factories import committing
from tests.factories.billing import DECEMBER, contact, make_billed, make_issuer, use
from tests.support.dolibarr_server import KEY, DolibarrServer

NUMBER = "REL-2026-0001"


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with clock.freeze(DECEMBER):
        yield


@pytest.fixture
def dolibarr(house: House) -> Iterator[DolibarrServer]:
    server = DolibarrServer()
    with committing():
        save_accounting(server.url, KEY, None, validates=True)
    yield server
    outbound().close()
    server.close()


def issued(plan: str | None = "pro", cost: str = "12.345", **options: object) -> tuple[User, Statement]:
    with committing():
        make_issuer()
        editor, _ = make_billed(plan, **options)
        use(editor, cost)
        return editor, issue(prepare_month(editor.id, "2026-11"))


def ask(statement: Statement) -> None:
    with committing():
        queue_push(db.session.get_one(Statement, statement.id))


def state(statement: Statement) -> tuple[str, str | None, str | None]:
    with committing():
        found = db.session.get_one(Statement, statement.id)
        return found.status, found.push_state, found.pushed_ref


def said(statement: Statement) -> list[str]:
    """What each try came to, the first one first."""
    with committing():
        return [one.said_fr.replace("\u00a0", " ") for one in reversed(pushes_of(statement.id))]


def push_later(statement: Statement, seconds: float) -> None:
    with clock.freeze(clock.now() + timedelta(seconds=seconds)):
        push(statement.id)


def test_a_statement_becomes_a_validated_invoice(house: House, dolibarr: DolibarrServer) -> None:
    editor, found = issued()
    ask(found)
    push(found.id)
    assert state(found) == ("pushed", None, "FA2612-0001")
    (made,) = dolibarr.made(NUMBER)
    assert (made["statut"], made["type"], made["socid"], Decimal(made["total_ttc"])) == ("1", 0, 1, found.total_ttc)
    assert [(line["qty"], line["subprice"], line["tva_tx"]) for line in made["lines"]] == [("1", "199.00", "20"), ("1", "12.35", "20")]
    assert made["lines"][0]["desc"] == "Forfait Pro\nNovembre 2026" and "fk_product" not in made["lines"][0]
    (customer,) = dolibarr.third_parties
    assert (customer["ref_ext"], customer["town"], customer["idprof1"], customer["country_id"]) == (
        editor.id,
        "Rambouillet",
        "732829320",
        1,
    )
    assert said(found) == ["Facture FA2612-0001 créée, validée."]
    with committing(), pytest.raises(ConflictError, match="déjà dans Dolibarr"):
        queue_push(db.session.get_one(Statement, found.id))
    push(found.id)  # the same job once more
    assert len(dolibarr.invoices) == 1 and dolibarr.keys == {KEY}


def test_the_customer_is_found_by_our_id_or_by_name_and_mail(house: House, dolibarr: DolibarrServer) -> None:
    editor, found = issued()
    same_mail = {"id": "1", "name": "Une autre société", "email": "compta@ebp.example", "client": 1}
    dolibarr.third_parties.extend([same_mail, {**same_mail, "id": "2", "name": editor.company_name}])
    ask(found)
    push(found.id)
    assert dolibarr.made(NUMBER)[0]["socid"] == 2 and len(dolibarr.third_parties) == 2
    dolibarr.third_parties[0]["ref_ext"] = editor.id
    with committing():
        use(editor, "1", model="gpt-4o", day=DECEMBER.date().replace(month=10))
        other = issue(prepare_month(editor.id, "2026-10"))
    ask(other)
    push(other.id)
    assert dolibarr.made("REL-2026-0002")[0]["socid"] == 1, "our id comes first"


def test_drafts_stay_drafts_and_lines_name_the_service(house: House, dolibarr: DolibarrServer) -> None:
    with committing():
        save_accounting(dolibarr.url, "", 42, validates=False)
    _, found = issued(customer=contact(country="BE", vat_number="BE0428759497", siret="", postcode="1000"), vat_mode="reverse")
    ask(found)
    push(found.id)
    assert state(found) == ("pushed", None, "(PROV1)")
    assert dolibarr.invoices[0]["lines"][0]["fk_product"] == 42 and dolibarr.invoices[0]["lines"][0]["tva_tx"] == "0"
    assert dolibarr.third_parties[0]["country_id"] == 2 and "POST /invoices/{id}/validate" not in dolibarr.calls
    assert said(found) == ["Facture (PROV1) créée, encore en brouillon."]


@pytest.mark.parametrize("lost", ["POST /thirdparties", "POST /invoices", "POST /invoices/{id}/validate", "GET /invoices"])
def test_a_lost_answer_never_makes_a_second_invoice(house: House, dolibarr: DolibarrServer, lost: str) -> None:
    _, found = issued()
    dolibarr.faults[lost] = ["lost"]
    ask(found)
    with pytest.raises(RetryableError) as again:
        push(found.id)
    assert again.value.after == DELAYS[0] and state(found)[:2] == ("issued", "queued")
    push(found.id)
    assert len(said(found)) == 1, "not before its time"
    push_later(found, DELAYS[0] - 0.9)  # RQ counts whole seconds
    assert state(found) == ("pushed", None, "FA2612-0001")
    assert len(dolibarr.invoices) == 1 and len(dolibarr.third_parties) == 1
    first, second = said(found)
    assert first.startswith("Dolibarr n’a pas répondu.") and first.endswith("Nouvel essai dans 1 minute.")
    assert (
        second
        == "Facture FA2612-0001 "
        + ("créée" if lost in ("POST /thirdparties", "GET /invoices") else "retrouvée : un essai précédent l’avait créée")
        + ", validée."
    )


def test_failures_are_tried_again_with_delays_then_told(house: House, dolibarr: DolibarrServer) -> None:
    _, found = issued()
    dolibarr.faults["GET /invoices"] = [500, 503, 429, 502, 500]
    ask(found)
    at = 0.0
    for delay in DELAYS:
        with pytest.raises(RetryableError) as again:
            push_later(found, at)
        assert again.value.after == delay
        at += delay
    push_later(found, at)
    assert state(found) == ("failed", None, None) and len(said(found)) == 5
    assert "réponse 429" in said(found)[2] and KEY not in "".join(said(found)), "the server quoted the key, we do not"
    ask(found)  # somebody tries again
    push_later(found, at)
    assert state(found)[0] == "pushed"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (401, "refuse la clé"),
        (403, "pas les droits"),
        (400, "réponse 400"),
        ("garbage", "pas comme Dolibarr"),
        (302, "une autre adresse"),
    ],
)
def test_what_waiting_does_not_mend_is_told_at_once(house: House, dolibarr: DolibarrServer, fault: int | str, words: str) -> None:
    _, found = issued()
    dolibarr.faults["POST /invoices"] = [fault]
    ask(found)
    push(found.id)
    assert state(found)[0] == "failed" and words in said(found)[0] and KEY not in said(found)[0]


def test_a_planned_try_may_be_made_at_once(house: House, dolibarr: DolibarrServer) -> None:
    _, found = issued()
    dolibarr.faults["GET /invoices"] = [500]
    ask(found)
    with committing(), pytest.raises(ConflictError, match="part déjà"):
        queue_push(db.session.get_one(Statement, found.id))
    with pytest.raises(RetryableError):
        push(found.id)
    ask(found)
    push(found.id)
    assert state(found)[0] == "pushed"
    push_later(found, DELAYS[0])  # the job that was planned
    assert len(dolibarr.invoices) == 1 and len(said(found)) == 2


def test_what_no_text_column_takes_is_left_out(house: House, dolibarr: DolibarrServer) -> None:
    _, found = issued()
    dolibarr.faults["POST /invoices"] = ["odd"]
    ask(found)
    push(found.id)
    assert state(found)[0] == "failed" and "« Mauvais texte ici »" in said(found)[0]


def test_two_invoices_with_one_number_are_for_people(house: House, dolibarr: DolibarrServer) -> None:
    _, found = issued()
    dolibarr.invoices.extend({"id": str(n), "ref": f"FA{n}", "statut": "0", "total_ttc": "1", "ref_ext": NUMBER} for n in (1, 2))
    ask(found)
    push(found.id)
    assert state(found)[0] == "failed" and said(found) == [
        f"Plusieurs factures de Dolibarr portent le numéro {NUMBER} : FA1, FA2. Gardez-en une seule."
    ]


def test_another_total_is_not_validated(house: House, dolibarr: DolibarrServer) -> None:
    _, found = issued()
    dolibarr.invoices.append({"id": "1", "ref": "(PROV1)", "statut": "0", "total_ttc": "253.63", "ref_ext": NUMBER})
    ask(found)
    push(found.id)
    assert state(found)[0] == "failed" and "253,63" in said(found)[0] and dolibarr.invoices[0]["statut"] == "0"


def test_cents_agree_even_where_each_line_is_rounded(house: House, dolibarr: DolibarrServer) -> None:
    with committing():
        make_issuer()
        editor, _ = make_billed(None)
        for number in range(3):
            use(editor, "0.02", model=f"m{number}")
        found = issue(prepare_month(editor.id, "2026-11"))
    assert found.total_ttc == Decimal("0.07")
    ask(found)
    push(found.id)
    assert state(found)[0] == "pushed" and len(dolibarr.invoices[0]["lines"]) == 1
    assert "m2 (openai)" in dolibarr.invoices[0]["lines"][0]["desc"]


def test_a_credit_note_follows_its_statement(house: House, dolibarr: DolibarrServer) -> None:
    _, found = issued()
    with committing():
        credit = undo(db.session.get_one(Statement, found.id))
    ask(credit)
    push(credit.id)
    assert state(credit)[0] == "failed" and "envoyez-le d’abord" in said(credit)[0]
    for one in (found, credit):
        ask(one)
        push(one.id)
        assert state(one)[0] == "pushed"
    made = dolibarr.made("REL-2026-0002")[0]
    assert (made["type"], made["fk_facture_source"], Decimal(made["total_ttc"])) == (2, 1, -found.total_ttc)


def test_a_push_whose_worker_died_is_taken_up_again(house: House, dolibarr: DolibarrServer) -> None:
    _, found = issued()
    ask(found)
    with committing():  # claimed, then killed
        db.session.execute(
            text("UPDATE statements SET push_state = 'running', push_attempts = 1, push_due_at = :at"),
            {"at": DECEMBER + timedelta(minutes=6)},
        )
    push(found.id)
    assert dolibarr.calls == [], "still its worker's"
    with clock.freeze(DECEMBER + timedelta(minutes=8)):
        assert sweep() >= 1
        push(found.id)
    assert state(found)[0] == "pushed"


def test_the_connection_is_tested_in_two_steps(house: House, dolibarr: DolibarrServer) -> None:
    with committing():
        assert check_connection() == (True, "Dolibarr 20.0.3 répond, et la clé lit tiers et factures.")
    dolibarr.rights.discard("invoices")
    with committing():
        ok, words = check_connection()
    assert not ok and "pas les droits" in words
    with committing():
        save_accounting(dolibarr.url.removesuffix("/dolibarr"), "", None, validates=True)
        ok, words = check_connection()
        assert not ok and "vérifiez l’adresse" in words
        save_accounting(f"{dolibarr.url}/api/index.php/", "une-autre-cle", None, validates=True)
        ok, words = check_connection()
        assert (ok, words) == (False, "Dolibarr refuse la clé d’API.")
        kept = db.session.get_one(AccountingSettings, "dolibarr")
        assert (kept.base_url, kept.test_ok, kept.test_said) == (dolibarr.url, False, words)


def test_the_key_is_sealed_written_only_and_bound_to_its_host(house: House, dolibarr: DolibarrServer) -> None:
    with committing():
        found = db.session.get_one(AccountingSettings, "dolibarr")
        assert KEY not in str(found.sealed_key) and KEY not in repr(client_for(found))
        for address in ("http://localhost:9", "http://127.0.0.1:9", "https://erp.invalid"):
            with pytest.raises(InvalidError):
                save_accounting(address, "", None, validates=True)
        with pytest.raises(InvalidError):
            save_accounting(dolibarr.url, "clé avec é", None, validates=True)
        before = found.sealed_key
        assert reseal_key() and found.sealed_key != before and client_for(found).key == KEY
        audit = db.session.execute(
            text("SELECT string_agg(details::text, ' ') FROM audit_entries WHERE action LIKE 'accounting%'")
        ).scalar()
        assert "key_changed" in audit and KEY not in audit


def test_nothing_set_is_said(house: House) -> None:
    _, found = issued()
    with committing(), pytest.raises(ConflictError, match="pas encore relié"):
        queue_push(db.session.get_one(Statement, found.id))
    with committing(), pytest.raises(ConflictError, match="pas encore relié"):
        accounting.check_connection()


def test_settings_that_went_meanwhile_end_the_push(house: House, dolibarr: DolibarrServer) -> None:
    _, found = issued()
    ask(found)
    with committing():
        accounting.forget_accounting()
    push(found.id)
    assert state(found)[0] == "failed" and said(found) == ["Dolibarr n’est pas encore relié."]
    with committing():
        assert db.session.scalars(select(StatementPush.attempt)).all() == [1]


def test_an_odd_name_cannot_change_a_search(house: House, dolibarr: DolibarrServer) -> None:
    client = Dolibarr(dolibarr.url, KEY, outbound())
    dolibarr.third_parties.append({"id": "1", "name": "x", "email": "a@b.fr", "client": 1})
    made = client.third_party("usr_1", {"name": "L'Atelier') or (t.rowid:>:'0", "email": "a@b.fr", "country": "FR"})
    assert made == 2, "a new one, not whoever comes first"
