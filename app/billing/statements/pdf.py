"""The PDF of an issued statement: a template of our own, set by typst with the fonts it brings; no network, no file outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.billing.statements.countries import COUNTRIES
from app.billing.statements.lines import from_rows, of_month, rate_words
from app.billing.statements.models import Statement
from app.core import clock
from app.core import format as french
from app.core.acting import platform
from app.core.storage import storage
from app.core.transaction import transaction
from app.extensions import db

TEMPLATE = Path(__file__).with_name("statement.typ")


def render(statement_id: str) -> None:
    """Write and store the PDF of an issued statement; repeating it writes the same bytes."""
    with transaction(platform("statements")):
        words = _words(statement_id)
    if words is None:
        return
    key = f"statements/{statement_id}.pdf"
    storage().put(key, pdf_of(words), "application/pdf")
    with transaction(platform("statements")):
        found = db.session.scalar(select(Statement).where(Statement.id == statement_id).with_for_update())
        if found is not None:
            found.pdf_key = key


def pdf_of(words: dict[str, Any]) -> bytes:
    """Set a statement's words as a PDF/A-2a, accessible (tagged), the same bytes for the same words."""
    import typst  # 30 MB of compiled code: only the worker of queue `heavy` loads it

    return typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"statement": json.dumps(words, ensure_ascii=False)},
        pdf_standards="a-2a",
        timestamp=int(words["timestamp"]),
    )


def statement_words(statement: Statement, corrects: str | None) -> dict[str, Any]:
    """What the template prints: every amount and date as a French reader expects it."""
    issued_at = statement.issued_at or clock.now()
    credit = statement.kind == "credit"
    title = "Avoir" if credit else "Relevé"
    mentions = [f"Cet avoir annule le relevé {corrects}."] if corrects else []
    if any(vat.rate == 0 for vat in statement.vat_lines):
        mentions.append("Autoliquidation de la TVA par le client : article 283-2 du code général des impôts.")
    mentions.append(
        "Ce document détaille ce qui est dû ; il ne tient pas lieu de facture. Les appels sont comptés au prix du fournisseur, sans marge."
    )
    return {
        "title": title,
        "number": statement.number,
        "month": of_month(statement.month),
        "issued": french.day(clock.paris_day(issued_at)),
        "timestamp": int(issued_at.timestamp()),
        "seller": _party(statement.seller),
        "buyer": _party(statement.buyer),
        "lines": [
            {
                "label": line.label,
                "detail": line.detail,
                "quantity": f"{french.quantity(line.quantity)} {line.unit}",
                "price": french.euro(line.unit_price),
                "rate": rate_words(line.vat_rate),
                "total": french.euro(line.total_ht),
            }
            for line in from_rows(statement.lines)
        ],
        "vat": [
            {"rate": rate_words(vat.rate), "base": french.euro(vat.base), "amount": french.euro(vat.amount)} for vat in statement.vat_lines
        ],
        "total_ht": french.euro(statement.total_ht),
        "total_ttc": french.euro(statement.total_ttc),
        "mentions": mentions,
        "hash": statement.hash or "",
    }


def _words(statement_id: str) -> dict[str, Any] | None:
    found = db.session.get(Statement, statement_id)
    if found is None or found.status == "draft":
        return None
    corrects = db.session.get(Statement, found.corrects_id) if found.corrects_id else None
    return statement_words(found, corrects.number if corrects else None)


def _party(party: dict[str, str]) -> dict[str, Any]:
    """A company as the lines of an address, then what identifies it."""
    town = f"{party.get('postcode', '')} {party.get('city', '')}".strip()
    country = party.get("country", "FR")
    lines = [
        party.get("address_line1", ""),
        party.get("address_line2", ""),
        town,
        "" if country == "FR" else COUNTRIES.get(country, country),
    ]
    contact, email = party.get("contact", ""), party.get("email", "")
    known = [party.get("legal", "")]
    known += [f"SIRET {party['siret']}"] if party.get("siret") else []
    known += [f"TVA {party['vat_number']}"] if party.get("vat_number") else []
    return {
        "name": party.get("name", ""),
        "lines": [line for line in [f"À l’attention de {contact}" if contact else "", *lines] if line],
        "known": [line for line in [*known, email] if line],
    }
