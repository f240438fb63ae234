"""The pre-quote as it leaves: for screens and the API, and in the seed's form for webhooks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.core.money import dumps_money
from app.quoting.catalogue import Catalogue
from app.quoting.drafting import draft_from_tool
from app.quoting.models import PreQuote
from app.quoting.presentation import DISCLAIMER, pre_quote_payload, stored_lines, stored_vat, webhook_pre_quote
from tests.quoting.samples import BATHROOM, journey_args


def line(
    label: str, quantity: str, unit: str, unit_price: str, total_ht: str, vat_rate: str = "20", code: str | None = None
) -> dict[str, Any]:
    return {
        "code": code,
        "label": label,
        "quantity": quantity,
        "unit": unit,
        "unit_price": unit_price,
        "vat_rate": vat_rate,
        "total_ht": total_ht,
        "assumption": "",
    }


def bathroom(**changes: Any) -> PreQuote:
    values: dict[str, Any] = {
        "id": "pqt_1",
        "version": 1,
        "title": "Salle de bain",
        "lines": [
            line("Carrelage au sol", "8", "m²", "80", "640.00", code="CARR-SOL"),
            line("Douche italienne", "1.500", "unité", "2100.1250", "3150.19"),
        ],
        "vat": [{"rate": "20", "base": "3790.19", "amount": "758.04"}],
        "total_ht": Decimal("3790.19"),
        "total_ttc": Decimal("4548.23"),
        "notes": "À confirmer.",
        "accepted_at": None,
    }
    return PreQuote(**(values | changes))


def test_payload() -> None:
    payload = pre_quote_payload(bathroom(), "validated")
    assert payload["status"] == "validated"
    assert payload["disclaimer"] == DISCLAIMER == "Estimation indicative, non contractuelle"
    assert payload["accepted_at"] is None
    assert (
        dumps_money(payload["lines"][1])
        == (
            '{"code":null,"label":"Douche italienne","quantity":1.5,"unit":"unité","unit_price":2100.125,'
            '"total_ht":3150.19,"vat_rate":20,"assumption":""}'
        ).encode()
    )
    assert list(payload) == [
        *("id", "version", "title", "status", "lines", "total_ht", "vat", "tva_rate", "total_ttc"),
        *("notes", "disclaimer", "accepted_at"),
    ]


def test_acceptance_is_told_in_utc() -> None:
    accepted = bathroom(accepted_at=datetime(2026, 11, 21, 6, 30, 5, 123, tzinfo=UTC))
    assert pre_quote_payload(accepted)["accepted_at"] == "2026-11-21T06:30:05Z"


def test_one_rate_is_named_several_are_not() -> None:
    assert pre_quote_payload(bathroom())["tva_rate"] == 20
    several = [{"rate": "20", "base": "100.00", "amount": "20.00"}, {"rate": "5.5", "base": "100.00", "amount": "5.50"}]
    payload = pre_quote_payload(bathroom(vat=several))
    assert payload["tva_rate"] is None
    assert dumps_money(payload["vat"][1]) == b'{"rate":5.5,"base":100.00,"amount":5.50}'


def test_webhook_in_the_form_of_the_seed() -> None:
    body = dumps_money(webhook_pre_quote(bathroom())).decode()
    assert json.loads(body) == {
        "id": "pqt_1",
        "version": 1,
        "items": [
            {"label": "Carrelage au sol", "quantity": 8, "unit": "m²", "unit_price": 80, "price_ht": 640, "vat_rate": 20},
            {"label": "Douche italienne", "quantity": 1.5, "unit": "unité", "unit_price": 2100.125, "price_ht": 3150.19, "vat_rate": 20},
        ],
        "total_ht": 3790.19,
        "vat": [{"rate": 20, "base": 3790.19, "amount": 758.04}],
        "tva_rate": 20,
        "total_ttc": 4548.23,
        "disclaimer": DISCLAIMER,
    }
    assert '"unit_price":80.00,"price_ht":640.00' in body


def test_a_draft_is_stored_and_shown_with_the_journeys_numbers() -> None:
    """Prices come normalised from the database: 80 is 8E+1 there."""
    normalised = Catalogue(replace(item, unit_price=item.unit_price.normalize(), vat_rate=item.vat_rate.normalize()) for item in BATHROOM)
    draft = draft_from_tool(journey_args(), normalised)
    kept = bathroom(
        lines=json.loads(json.dumps(stored_lines(draft))),
        vat=json.loads(json.dumps(stored_vat(draft))),
        total_ht=draft.totals.total_ht,
        total_ttc=draft.totals.total_ttc,
    )
    assert (kept.lines[2]["unit_price"], kept.lines[2]["vat_rate"], kept.lines[2]["total_ht"]) == ("80", "20", "640.00")
    body = dumps_money(pre_quote_payload(kept)).decode()
    assert '"total_ht":5790.00,"vat":[{"rate":20,"base":5790.00,"amount":1158.00}],"tva_rate":20,"total_ttc":6948.00' in body
