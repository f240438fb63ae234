"""Statements as administrators handle them and editors read them; the billing profile; the page of Dolibarr."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pypdf
import pytest
from sqlalchemy import select, text

from app.billing.folding import fold
from app.billing.statements.models import AccountingSettings, BillingProfile, Statement
from app.billing.statements.service import issue, prepare_month
from app.core import clock
from app.core.http import outbound
from app.extensions import db
from app.identity.models import User
from app.notifications.models import EmailMessage
from app.web.house import House
from tests.billing.test_folding import call, keep
from tests.factories import committing, make_user
from tests.factories.billing import DECEMBER, SIRET, contact, make_billed, make_issuer, use
from tests.guards.test_pages import check_html
from tests.support.dolibarr_server import KEY, DolibarrServer
from tests.support.portal import Person, sign_in


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with clock.freeze(DECEMBER):
        yield


@pytest.fixture
def admin(house: House) -> Person:
    with committing():
        return sign_in(house, make_user("admin"), portal="admin")


@pytest.fixture
def dolibarr(house: House) -> Iterator[DolibarrServer]:
    server = DolibarrServer()
    yield server
    outbound().close()
    server.close()


def read(browser: Person, path: str, status: int = 200) -> str:
    """A whole page, its HTML checked, with plain spaces."""
    answer = browser.get(path)
    assert answer.status_code == status, path
    page = answer.get_data(as_text=True)
    check_html(path, page)
    return page.replace("\u202f", " ").replace("\u00a0", " ")


def billed() -> User:
    with committing():
        make_issuer()
        editor, _ = make_billed()
        use(editor, "12.345")
        return editor


def only() -> Statement:
    with committing():
        return db.session.scalars(select(Statement)).one()


def fields(**changes: str) -> dict[str, str]:
    """The form of a billing profile."""
    shown = {name: getattr(contact(), name) for name in contact().__slots__}
    terms = {
        "cycle": "monthly",
        "renewal_month": "11",
        "first_month": "2026-10",
        "vat_mode": "normal",
        "status": "active",
        "notes": "À relancer",
    }
    return shown | terms | {"agreed_price_month": "149,90"} | changes


def test_billing_is_opened_and_changed_on_the_editors_page(house: House, admin: Person) -> None:
    with committing():
        editor = make_user("editeur", company_info={"address": "1 rue Haute"})
    url = f"/admin/editeurs/{editor.id}/facturation"
    page = read(admin, url)
    assert "1 rue Haute" in page and editor.email in page, "what the account says already"
    assert "Aucun relevé n’est préparé" in read(admin, f"/admin/editeurs/{editor.id}")
    for wrong in (
        {"siret": "123"},
        {"billing_email": ""},
        {"agreed_price_month": "cher"},
        {"first_month": "novembre"},
        {"vat_mode": "reverse"},
    ):
        answer = admin.post(url, data=fields(**wrong))
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422 and "À relancer" in page and "votre saisie est gardée" in page, wrong
    assert admin.post(url, data=fields()).status_code == 303
    page = read(admin, f"/admin/editeurs/{editor.id}")
    for words in ("Active", "Mensuel", "compta@ebp.example", SIRET, "À relancer"):
        assert words in page
    assert "149,9" in read(admin, url)
    assert admin.post(url, data=fields(status="cancelled", notes="")).status_code == 303
    page = read(admin, f"/admin/editeurs/{editor.id}")
    assert "Arrêtée" in page and "À relancer" not in page
    assert admin.get("/admin/editeurs/usr_unknown/facturation").status_code == 404


def test_from_draft_to_pdf_mail_and_credit_note(house: House, admin: Person, run_jobs: Callable[[], list[str]]) -> None:
    editor = billed()
    page = read(admin, "/admin/releves")
    assert "Aucun relevé pour l’instant" in page and 'value="2026-11"' in page
    answer = admin.post("/admin/releves/preparation", data={"editeur": editor.id, "mois": "2026-11"})
    found = only()
    url = f"/admin/releves/{found.id}"
    assert answer.headers["Location"] == url
    page = read(admin, url)
    for words in ("Brouillon à relire", "Forfait Pro", "12 appels", "211,35 €", "253,62 €", "Émettre"):
        assert words in page
    assert "REL-" not in page and admin.get(f"{url}/pdf").status_code == 404
    with committing():
        use(editor, "1", model="gpt-4o")
    admin.post(f"{url}/emission")
    assert "recalculez" in read(admin, url)
    admin.post(f"{url}/calcul")
    admin.post(f"{url}/emission")
    page = read(admin, url)
    assert "REL-2026-0001" in page and "Le PDF se prépare" in page and 'hx-trigger="every 3s"' in page
    waiting = admin.get(url, headers={"HX-Request": "true"})
    assert "<html" not in waiting.get_data(as_text=True) and "HX-Refresh" not in waiting.headers
    run_jobs()
    assert admin.get(url, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    answer = admin.get(f"{url}/pdf")
    assert answer.mimetype == "application/pdf" and "REL-2026-0001.pdf" in answer.headers["Content-Disposition"]
    assert "254,82 €" in pypdf.PdfReader(io.BytesIO(answer.data)).pages[0].extract_text().replace("\u00a0", " ")
    assert admin.post(f"{url}/courriel").status_code == 303
    with committing():
        assert db.session.scalars(select(EmailMessage.recipient).where(EmailMessage.kind == "statement")).all() == ["compta@ebp.example"]
    answer = admin.post(f"{url}/avoir")
    credit = read(admin, answer.headers["Location"])
    assert "Avoir REL-2026-0002" in credit and "−254,82 €" in credit
    page = read(admin, url)
    assert "Annulé par un avoir" in page and "Annuler par un avoir…" not in page


def test_a_draft_tells_the_calls_that_no_price_covers(house: House, admin: Person) -> None:
    editor = billed()
    with committing():
        url = f"/admin/releves/{prepare_month(editor.id, '2026-11').id}"
    assert "sans prix au catalogue" not in read(admin, url)
    unpriced = {"editor_id": editor.id, "cost_eur": Decimal(0), "unpriced_eur": Decimal("0.02")}
    last_minute, next_one = datetime(2026, 11, 30, 22, 59, tzinfo=UTC), datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
    keep(call(**unpriced), call(**unpriced, created_at=last_minute), call(editor_id=editor.id, cost_eur=Decimal(0)))
    keep(call(**unpriced, created_at=next_one), call(editor_id=editor.id, cost_eur=Decimal(0), paid_by=editor.id))
    page = read(admin, url)
    assert "2 appels de ce mois sont sans prix au catalogue" in page and "ne sont pas sur ce relevé" in page
    assert f"/admin/couts?editeur={editor.id}&amp;periode=2026-11#par-modele" in page
    fold()
    admin.post(f"{url}/emission")
    assert "sans prix au catalogue" not in read(admin, url), "what is issued says what it said"


def test_the_list_is_filtered_and_written_as_a_table(house: House, admin: Person) -> None:
    editor = billed()
    with committing():
        other, _ = make_billed("starter")
        issue(prepare_month(editor.id, "2026-11"))
        prepare_month(editor.id, "2026-10")
        prepare_month(other.id, "2026-11")
    for query, shown in (
        ("", 3),
        ("?mois=2026-11", 2),
        (f"?editeur={editor.id}", 2),
        ("?statut=draft", 2),
        ("?q=rel-2026-0001", 1),
        ("?statut=undone", 0),
    ):
        page = read(admin, f"/admin/releves{query}")
        assert page.count('href="/admin/releves/stm_') == shown, query
        if not shown:
            assert "Aucun relevé ne correspond" in page
    answer = admin.get(f"/admin/releves.csv?editeur={editor.id}&mois=2026-11")
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert answer.mimetype == "text/csv" and len(lines) == 3 and "releves-2026-11.csv" in answer.headers["Content-Disposition"]
    assert lines[1].startswith("REL-2026-0001;Relevé;2026-11;")
    assert lines[2].split(";")[-5:-2] == ["12,34500000", "1", "12,35"] and lines[2].endswith(";12,35")
    found = admin.get("/admin/releves?statut=draft").get_data(as_text=True)
    draft = found.split('href="/admin/releves/stm_')[1].split('"')[0]
    assert "Brouillon;Relevé" in admin.get(f"/admin/releves/stm_{draft}/lignes.csv").data.decode("utf-8-sig")


def test_what_cannot_be_prepared_is_said(house: House, admin: Person) -> None:
    with committing():
        stranger, (idle, _) = make_user("editeur"), make_billed(plan=None)
    for editor, month, words in (
        (stranger, "2026-11", "pas de profil"),
        (idle, "2026-11", "Rien n’est à facturer"),
        (idle, "2026-12", "n’est pas terminé"),
        (idle, "x", "Choisissez un mois"),
    ):
        answer = admin.post("/admin/releves/preparation", data={"editeur": editor.id, "mois": month})
        assert answer.status_code == 303 and words in read(admin, "/admin/releves")


def test_dolibarr_is_linked_tested_and_fed(
    house: House, admin: Person, dolibarr: DolibarrServer, run_jobs: Callable[[], list[str]]
) -> None:
    editor = billed()
    with committing():
        other, _ = make_billed("starter")
        first = issue(prepare_month(editor.id, "2026-11"))
        second = issue(prepare_month(other.id, "2026-11"))
        draft = prepare_month(editor.id, "2026-10")
    read(admin, "/admin/releves/dolibarr")
    assert "Envoyer dans Dolibarr" not in read(admin, f"/admin/releves/{first.id}")
    form = {"base_url": dolibarr.url, "api_key": KEY, "validates": "y", "product_id": ""}
    for wrong in ({"base_url": "ftp://x"}, {"api_key": ""}, {"api_key": "court"}, {"product_id": "zéro"}):
        answer = admin.post("/admin/releves/dolibarr", data=form | wrong)
        assert answer.status_code == 422 and KEY not in answer.get_data(as_text=True), wrong
    assert admin.post("/admin/releves/dolibarr", data=form).status_code == 303
    assert "Pas encore testée" in read(admin, "/admin/releves/dolibarr")
    admin.post("/admin/releves/dolibarr/test")
    page = read(admin, "/admin/releves/dolibarr")
    assert "Dolibarr 20.0.3 répond" in page and KEY not in page
    admin.post("/admin/releves/envoi", data={"ids": [first.id, second.id, draft.id]})
    page = read(admin, "/admin/releves")
    assert "2 relevés partent vers Dolibarr." in page and "Brouillon : Ce relevé est un brouillon" in page
    run_jobs()
    page = read(admin, f"/admin/releves/{first.id}")
    assert "Dans Dolibarr" in page and "FA2612-000" in page and "créée, validée." in page
    assert len(dolibarr.invoices) == 2
    admin.post("/admin/releves/dolibarr/retrait")
    with committing():
        assert db.session.get(AccountingSettings, "dolibarr") is None
        log = db.session.execute(text("SELECT string_agg(details::text, ' ') FROM audit_entries")).scalar()
        assert KEY not in log


def test_a_failed_push_is_told_and_asked_again(
    house: House, admin: Person, dolibarr: DolibarrServer, run_jobs: Callable[[], list[str]]
) -> None:
    editor = billed()
    with committing():
        found = issue(prepare_month(editor.id, "2026-11"))
    admin.post("/admin/releves/dolibarr", data={"base_url": dolibarr.url, "api_key": "mauvaise-cle", "validates": "y"})
    admin.post(f"/admin/releves/{found.id}/envoi")
    run_jobs()
    page = read(admin, f"/admin/releves/{found.id}")
    assert "Envoi en échec" in page and "Dolibarr refuse la clé d’API." in page
    admin.post("/admin/releves/dolibarr", data={"base_url": dolibarr.url, "api_key": KEY, "validates": "y"})
    with clock.freeze(DECEMBER + timedelta(minutes=1)):
        admin.post(f"/admin/releves/{found.id}/envoi")
        run_jobs()
        assert "FA2612-0001" in read(admin, f"/admin/releves/{found.id}")


def test_who_issues_and_the_rates_of_vat(house: House, admin: Person) -> None:
    page = read(admin, "/admin/releves/emetteur")
    assert "À partir du 1er janvier 2014" in page and "20 %" in page
    assert "L’émetteur n’est pas écrit" in read(admin, "/admin/releves")
    form = {"name": "AI-Manager SAS", "address_line1": "4 quai", "postcode": "69002", "city": "Lyon", "country": "FR", "siret": SIRET}
    for wrong in ({"name": ""}, {"siret": "1"}, {"vat_number": "FR1"}, {"email": "x"}, {"country": "XX"}):
        assert admin.post("/admin/releves/emetteur", data=form | wrong).status_code == 422, wrong
    assert admin.post("/admin/releves/emetteur", data=form).status_code == 303
    assert "L’émetteur n’est pas écrit" not in read(admin, "/admin/releves")
    for wrong in ({"rate": "101"}, {"rate": "x"}, {"valid_from": ""}):
        answer = admin.post("/admin/releves/tva", data={"rate": "21", "valid_from": "2027-01-01"} | wrong)
        assert answer.status_code == 422 and "AI-Manager SAS" in answer.get_data(as_text=True)
    assert admin.post("/admin/releves/tva", data={"rate": "20,6", "valid_from": "2027-01-01"}).status_code == 303
    assert "20,6 %" in read(admin, "/admin/releves/emetteur")


def test_the_editor_reads_his_statements_and_writes_his_address(house: House, admin: Person, run_jobs: Callable[[], list[str]]) -> None:
    editor = billed()
    browser = Person(house).signed_in(editor.id, portal="editeur")
    assert "Ils paraîtront ici" in read(browser, "/editeur/releves")
    with committing():
        found = issue(prepare_month(editor.id, "2026-11"))
        draft = prepare_month(editor.id, "2026-10")
    page = read(browser, "/editeur/releves")
    assert "REL-2026-0001" in page and "253,62 €" in page and "Se prépare" in page and "octobre" not in page
    run_jobs()
    assert "Total TTC" in read(browser, f"/editeur/releves/{found.id}")
    assert browser.get(f"/editeur/releves/{found.id}/pdf").data.startswith(b"%PDF-")
    assert browser.get(f"/editeur/releves/{draft.id}").status_code == 404
    form = {name: getattr(contact(), name) for name in contact().__slots__}
    read(browser, "/editeur/releves/coordonnees")
    answer = browser.post("/editeur/releves/coordonnees", data=form | {"siret": "1", "city": "Versailles"})
    assert answer.status_code == 422 and "Versailles" in answer.get_data(as_text=True)
    assert browser.post("/editeur/releves/coordonnees", data=form | {"city": "Versailles", "status": "cancelled"}).status_code == 303
    with committing():
        kept = db.session.get_one(BillingProfile, editor.id)
        assert (kept.city, kept.status) == ("Versailles", "active")
    assert "Versailles" in read(browser, "/editeur/releves")


def test_strangers_find_nothing(house: House, run_jobs: Callable[[], list[str]]) -> None:
    editor = billed()
    with committing():
        found = issue(prepare_month(editor.id, "2026-11"))
        stranger, craftsman = make_user("editeur"), make_user("artisan")
    run_jobs()
    browser = Person(house).signed_in(stranger.id, portal="editeur")
    for path in ("", "/pdf"):
        assert browser.get(f"/editeur/releves/{found.id}{path}").status_code == 404
    assert "La plateforme n’a pas encore ouvert" in read(browser, "/editeur/releves")
    assert browser.get("/editeur/releves/coordonnees").status_code == 303
    for path in ("/admin/releves", f"/admin/releves/{found.id}", "/admin/releves/dolibarr"):
        assert browser.get(path).status_code == 403
    assert Person(house).signed_in(craftsman.id, portal="artisan").get("/editeur/releves").status_code == 403
