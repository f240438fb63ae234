"""The PDF of a statement, read back by a library that is not ours."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from decimal import Decimal

import pypdf
import pytest

from app.billing.statements.mail import send_statement
from app.billing.statements.models import Statement
from app.billing.statements.pdf import pdf_of, render, statement_words
from app.billing.statements.service import issue, prepare_month, undo
from app.billing.statements.sweeping import sweep
from app.core import clock
from app.core.errors import ConflictError
from app.core.storage import storage
from app.extensions import db
from app.notifications.models import EmailMessage
from app.web.house import House
from tests.factories import committing
from tests.factories.billing import DECEMBER, contact, make_billed, make_issuer, use


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with clock.freeze(DECEMBER):
        yield


def issued(**customer: str) -> Statement:
    with committing():
        make_issuer()
        editor, _ = make_billed(customer=contact(**customer))
        use(editor, "12.345")
        return issue(prepare_month(editor.id, "2026-11"))


def text_of(data: bytes) -> str:
    """Every word of every page, one space between them."""
    words = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
    return re.sub(r"\s+", " ", words)


def test_it_says_what_the_statement_says(house: House, run_jobs: Callable[[], list[str]]) -> None:
    found = issued()
    assert run_jobs() == ["render_statement"]
    with committing():
        again = db.session.get_one(Statement, found.id)
        assert again.pdf_key == f"statements/{found.id}.pdf"
        name = again.buyer["name"]
    data = storage().get(f"statements/{found.id}.pdf")
    words = text_of(data)
    for expected in (
        "Relevé REL-2026-0001",
        "Consommation de novembre 2026 · émis le 1er décembre 2026",
        "AI-Manager SAS 4 quai des Mariniers 69002 Lyon",
        "SIRET 73282932000074 TVA FR40303265045",
        f"{name} À l’attention de Mme Durand Rue de Cutesson 78120 Rambouillet",
        "Forfait Pro Novembre 2026 1 mois 199,00 € 20 % 199,00 €",
        "gpt-4o-mini (openai), 12 appels, 10 000 jetons 1 mois 12,35 € 20 % 12,35 €",
        "Total HT 211,35 €",
        "TVA 20 % sur 211,35 € 42,27 €",
        "Total TTC 253,62 €",
        "il ne tient pas lieu de facture",
        found.hash or "",
        "Page 1 / 1",
    ):
        assert expected in words, (expected, words)
    about = pypdf.PdfReader(io.BytesIO(data))
    assert about.metadata is not None and about.metadata.title == "Relevé REL-2026-0001"
    assert about.root_object["/MarkInfo"]["/Marked"].value and about.root_object["/Lang"] == "fr", "tagged, for screen readers"


def test_it_is_the_same_bytes_again(house: House, run_jobs: Callable[[], list[str]]) -> None:
    found = issued()
    render(found.id)
    first = storage().get(f"statements/{found.id}.pdf")
    render(found.id)
    assert storage().get(f"statements/{found.id}.pdf") == first
    render("stm_unknown")


def test_what_people_typed_is_text_and_nothing_else(house: House) -> None:
    found = issued(contact_name='#read("/etc/passwd") $x$ *gras* "]', address_line1="\\ <b> = Titre", city="`a`")
    words = text_of(pdf_of(statement_words(found, None)))
    assert 'À l’attention de #read("/etc/passwd") $x$ *gras* "] \\ <b> = Titre 78120 `a`' in words


def test_many_lines_take_several_pages_under_the_same_heading(house: House) -> None:
    with committing():
        make_issuer()
        editor, _ = make_billed()
        for number in range(60):
            use(editor, f"{60 - number}.10", model=f"modele-{number}")
        found = issue(prepare_month(editor.id, "2026-11"))
    pages = pypdf.PdfReader(io.BytesIO(pdf_of(statement_words(found, None)))).pages
    assert len(pages) > 2
    for page in pages[:-1]:
        assert "Désignation" in page.extract_text()
    whole = " ".join(page.extract_text() for page in pages)
    assert all(f"modele-{number} (openai)" in whole for number in range(60))


def test_a_credit_note_and_a_foreign_customer(house: House) -> None:
    with committing():
        make_issuer()
        customer = contact(country="BE", vat_number="BE0428759497", siret="", postcode="1000", city="Bruxelles")
        editor, _ = make_billed(customer=customer, vat_mode="reverse")
        first = issue(prepare_month(editor.id, "2026-11"))
        credit = undo(first)
    words = text_of(pdf_of(statement_words(credit, first.number)))
    assert "Avoir REL-2026-0002" in words and "Cet avoir annule le relevé REL-2026-0001." in words
    assert "Bruxelles Belgique" in words and "article 283-2" in words and "TVA 0 % sur −199,00 €" in words
    assert credit.total_ttc == Decimal("-199.00") and "Total TTC −199,00 €" in words


def test_it_is_sent_by_a_link_that_ends(house: House, run_jobs: Callable[[], list[str]]) -> None:
    found = issued()
    with committing(), pytest.raises(ConflictError, match="se prépare"):
        send_statement(db.session.get_one(Statement, found.id))
    run_jobs()
    with committing():
        assert send_statement(db.session.get_one(Statement, found.id)) == "compta@ebp.example"
    with committing():
        mail = db.session.scalars(db.select(EmailMessage).where(EmailMessage.kind == "statement")).one()
        assert mail.subject == "Relevé REL-2026-0001" and mail.recipient == "compta@ebp.example"
        assert "253,62" in mail.text
    link = re.search(r"http://localhost(/files/\S+)", mail.text)
    assert link is not None
    browser = house.test_client()
    answer = browser.get(link[1])
    assert answer.status_code == 200 and answer.data.startswith(b"%PDF-")
    with clock.freeze(DECEMBER.replace(day=9)):
        assert browser.get(link[1]).status_code == 403


def test_a_lost_job_is_put_back(house: House, run_jobs: Callable[[], list[str]]) -> None:
    found = issued()
    from app.extensions import redis_client

    redis_client().flushdb()
    assert run_jobs() == [] and sweep() == 0, "too early"
    with clock.freeze(DECEMBER.replace(minute=2)):
        assert sweep() == 1
        assert run_jobs() == ["render_statement"]
        assert sweep() == 0
    with committing():
        assert db.session.get_one(Statement, found.id).pdf_key
