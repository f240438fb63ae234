"""A pre-quote as it is stored, shown and sent: the same numbers for the screen, the API and webhooks.

Stored numbers are text inside JSONB; what leaves are `Decimal`s that carry their places (`core.money.dumps_money`).
"""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Any

from app.core.money import price_to_json, to_json, trimmed
from app.quoting.drafting import Draft
from app.quoting.models import PreQuote

DISCLAIMER = "Estimation indicative, non contractuelle"
"""On every pre-quote (FIELD.md, What the AI writes is not a devis)."""


def stored_lines(draft: Draft) -> list[dict[str, Any]]:
    """The lines as `PreQuote.lines` keeps them."""
    return [
        {
            "code": line.code,
            "label": line.label,
            "quantity": _text(line.quantity),
            "unit": line.unit,
            "unit_price": _text(line.unit_price),
            "vat_rate": _text(line.vat_rate),
            "total_ht": _text(line.total_ht),
            "assumption": line.assumption,
        }
        for line in draft.lines
    ]


def stored_vat(draft: Draft) -> list[dict[str, Any]]:
    """The VAT by rate as `PreQuote.vat` keeps it."""
    return [{"rate": _text(vat.rate), "base": _text(vat.base), "amount": _text(vat.amount)} for vat in draft.totals.vat]


def _text(value: Decimal) -> str:
    """Never an exponent: a normalised 80 is `8E+1` for `str`."""
    return format(value, "f")


def pre_quote_payload(pre_quote: PreQuote, status: str = "created") -> dict[str, Any]:
    """The pre-quote for screens and the API; `status` is the state of its project (PRODUCT.md, Validation).

    `tva_rate` is null when there are several rates; `accepted_at` is ISO 8601 in UTC.
    """
    accepted_at = pre_quote.accepted_at
    vat = [
        {"rate": trimmed(Decimal(tax["rate"])), "base": to_json(Decimal(tax["base"])), "amount": to_json(Decimal(tax["amount"]))}
        for tax in pre_quote.vat
    ]
    return {
        "id": pre_quote.id,
        "version": pre_quote.version,
        "title": pre_quote.title,
        "status": status,
        "lines": [
            {
                "code": line["code"],
                "label": line["label"],
                "quantity": trimmed(Decimal(line["quantity"])),
                "unit": line["unit"],
                "unit_price": price_to_json(Decimal(line["unit_price"])),
                "total_ht": to_json(Decimal(line["total_ht"])),
                "vat_rate": trimmed(Decimal(line["vat_rate"])),
                "assumption": line["assumption"],
            }
            for line in pre_quote.lines
        ],
        "total_ht": to_json(pre_quote.total_ht),
        "vat": vat,
        "tva_rate": vat[0]["rate"] if len(vat) == 1 else None,
        "total_ttc": to_json(pre_quote.total_ttc),
        "notes": pre_quote.notes,
        "disclaimer": DISCLAIMER,
        "accepted_at": accepted_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if accepted_at else None,
    }


def webhook_pre_quote(pre_quote: PreQuote) -> dict[str, Any]:
    """The `pre_quote` of a webhook's `data`, in the seed's form (003 §15.2 E)."""
    payload = pre_quote_payload(pre_quote)
    items = [
        {
            "label": line["label"],
            "quantity": line["quantity"],
            "unit": line["unit"],
            "unit_price": line["unit_price"],
            "price_ht": line["total_ht"],
            "vat_rate": line["vat_rate"],
        }
        for line in payload["lines"]
    ]
    same = ("total_ht", "vat", "tva_rate", "total_ttc", "disclaimer")
    return {"id": pre_quote.id, "version": pre_quote.version, "items": items} | {name: payload[name] for name in same}
