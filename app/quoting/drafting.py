"""From what a model proposes to a pre-quote that may be shown (003 §15.2 F; PRODUCT.md, Money). No database here.

A model chooses works and quantities. Prices, units and VAT come from the library wherever it knows the code, and every
total is computed here: a model's arithmetic is never used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from app.core import money
from app.core.format import euro, percent
from app.core.money import VAT_RATES, Totals
from app.core.text import fold
from app.quoting.catalogue import Catalogue, PriceEntry
from app.quoting.fields import Corrections, Fields, slug
from app.quoting.payload import read_json

MAX_LINES = 100
MAX_QUANTITY = Decimal(100_000)
MAX_UNIT_PRICE = Decimal(1_000_000)
MAX_TOTAL = Decimal(10_000_000)
MAX_SURFACE = Decimal(100_000)
MAX_LABEL = 200
MAX_UNIT = 20
MAX_TITLE = 120
MAX_ASSUMPTION = 300
MAX_TEXT = 2000
MAX_REQUIREMENTS = 30

_HT = "€ HT"
_CLAIMS = {"total_ht": "total_ht", "total_ttc": "total_ttc"}
_LINE_CLAIMS = {"price_ht": "total_ht", "total_ht": "total_ht"}
_TOOL = _CLAIMS | {
    "type_projet": "project_type",
    "titre": "title",
    "description": "description",
    "surface_m2": "surface_m2",
    "exigences": "requirements",
    "lignes": "lines",
    "notes": "notes",
}
_TOOL_LINE = _LINE_CLAIMS | {
    "code": "code",
    "libelle": "label",
    "quantite": "quantity",
    "unite": "unit",
    "prix_unitaire": "unit_price",
    "tva": "vat_rate",
    "hypothese": "assumption",
}
_BLOCK = _CLAIMS | {
    "project_type": "project_type",
    "title": "title",
    "description": "description",
    "surface_m2": "surface_m2",
    "requirements": "requirements",
    "items": "lines",
    "notes": "notes",
}
_BLOCK_LINE = _LINE_CLAIMS | {
    "code": "code",
    "label": "label",
    "quantity": "quantity",
    "unit": "unit",
    "unit_price": "unit_price",
    "vat_rate": "vat_rate",
    "note": "assumption",
}


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A priced line: euros without VAT, at most three decimals of quantity, VAT rate in per cent."""

    code: str | None
    label: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    vat_rate: Decimal
    total_ht: Decimal
    assumption: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A pre-quote not stored yet; `corrections` says in French what was not taken as the model wrote it."""

    project_type: str
    title: str
    description: str
    surface_m2: Decimal | None
    requirements: tuple[str, ...]
    lines: tuple[DraftLine, ...]
    notes: str
    totals: Totals
    corrections: tuple[str, ...]


def draft_from_tool(args: object, catalogue: Catalogue) -> Draft:
    """Read the arguments of the tool `proposer_pre_devis`, parsed or as the text of a JSON object.

    Raises QuoteRefusedError, and nothing else, whatever the value.
    """
    return _draft(read_json(args) if isinstance(args, str) else args, _TOOL, _TOOL_LINE, catalogue)


def draft_from_block(text: str, catalogue: Catalogue) -> Draft:
    """Read the content of a ```` ```json-quote ```` block, with or without its fences (003 §15.2 F).

    Raises QuoteRefusedError, and nothing else, whatever the text.
    """
    body = text.strip().removeprefix("```json-quote").removesuffix("```")
    return _draft(read_json(body), _BLOCK, _BLOCK_LINE, catalogue)


def _draft(source: object, names: Mapping[str, str], line_names: Mapping[str, str], catalogue: Catalogue) -> Draft:
    corrections = Corrections()
    fields = Fields(source, names, "", corrections)
    lines = tuple(
        _line(Fields(raw, line_names, f"Ligne {position} : ", corrections), catalogue) for position, raw in enumerate(_raw_lines(fields), 1)
    )
    computed = money.totals(lines)
    if computed.total_ht > MAX_TOTAL:
        raise fields.refuse(f"le total dépasse {euro(MAX_TOTAL)} HT.")
    _compare(fields, "total_ht", "total HT", _HT, computed.total_ht)
    _compare(fields, "total_ttc", "total TTC", "€ TTC", computed.total_ttc)
    return Draft(
        project_type=fields.slug("project_type", "le type de projet") or "autre",
        title=fields.text("title", "le titre", MAX_TITLE) or "Pré-devis",
        description=fields.text("description", "la description", MAX_TEXT, paragraphs=True),
        surface_m2=_surface(fields),
        requirements=_requirements(fields),
        lines=lines,
        notes=fields.text("notes", "le texte des notes", MAX_TEXT, paragraphs=True),
        totals=computed,
        corrections=tuple(corrections.sentences),
    )


def _raw_lines(fields: Fields) -> list[object]:
    raw = fields.raw("lines")
    if not isinstance(raw, list) or not raw:
        raise fields.refuse("au moins une ligne est nécessaire.")
    if len(raw) > MAX_LINES:
        raise fields.refuse(f"un pré-devis compte au plus {MAX_LINES} lignes.")
    return raw


def _line(fields: Fields, catalogue: Catalogue) -> DraftLine:
    code = fields.text("code", "le code", MAX_LABEL)
    entry = catalogue.get(code) if code else None
    given_unit = fields.text("unit", "l’unité", MAX_UNIT)
    quantity = _quantity(fields, given_unit or (entry.unit if entry else ""))
    if entry:
        line = _library_line(fields, entry, quantity, given_unit)
    else:
        line = _free_line(fields, code, quantity, given_unit)
    _compare(fields, "total_ht", "total", _HT, line.total_ht)
    return line


def _quantity(fields: Fields, unit: str) -> Decimal:
    value = fields.number("quantity", "la quantité", unit)
    if value is None:
        raise fields.refuse("la quantité manque.")
    rounded = money.trimmed(value.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP))
    if rounded <= 0:
        raise fields.refuse("la quantité doit être positive.")
    if rounded > MAX_QUANTITY:
        raise fields.refuse("la quantité est hors limites.")
    if rounded != value:
        fields.note("quantité arrondie à trois décimales.")
    return rounded


def _library_line(fields: Fields, entry: PriceEntry, quantity: Decimal, given_unit: str) -> DraftLine:
    """The library's label, unit, price and VAT win; what the model said otherwise is recorded."""
    if given_unit and fold(given_unit) != fold(entry.unit):
        fields.note(f"unité « {given_unit} » remplacée par celle de la bibliothèque, « {entry.unit} ».")
    _compare(fields, "unit_price", "prix unitaire", _HT, entry.unit_price)
    rate = fields.claim("vat_rate", "%")
    if rate is not None and rate != entry.vat_rate:
        fields.note(f"taux de TVA {percent(rate)} remplacé par celui de la bibliothèque, {percent(entry.vat_rate)}.")
    label = fields.text("label", "le libellé", MAX_LABEL)
    if label and fold(label) != fold(entry.label):
        fields.note(f"libellé remplacé par celui de la bibliothèque, « {entry.label} ».")
    return _priced(fields, entry.code, entry.label, quantity, entry.unit, entry.unit_price, entry.vat_rate)


def _free_line(fields: Fields, code: str, quantity: Decimal, unit: str) -> DraftLine:
    """A work the library does not have: the model's own price, when it is sane."""
    if code:
        fields.note("code absent de la bibliothèque de prix, ignoré.")
    label = fields.text("label", "le libellé", MAX_LABEL)
    if not label:
        raise fields.refuse("le libellé manque.")
    price = fields.number("unit_price", "le prix unitaire", _HT)
    if price is None and (total := fields.number("total_ht", "le prix", _HT)) is not None:
        # The seed's own example prices a flat-rate line by `price_ht` alone (003 §15.2 E).
        price = total / quantity
        fields.note("prix unitaire déduit du prix de la ligne.")
    if price is None:
        raise fields.refuse("sans code connu de la bibliothèque, un prix unitaire est nécessaire.")
    price = money.round_cents(price)
    if not 0 < price <= MAX_UNIT_PRICE:
        raise fields.refuse("le prix unitaire est hors limites.")
    rate = fields.number("vat_rate", "le taux de TVA", "%")
    if rate is not None and rate not in VAT_RATES:
        fields.note(f"taux de TVA {percent(rate)} inconnu, remplacé par {percent(VAT_RATES[0])}.")
    known = next((known for known in VAT_RATES if known == rate), VAT_RATES[0])
    return _priced(fields, None, label, quantity, unit or "unité", price, known)


def _priced(
    fields: Fields, code: str | None, label: str, quantity: Decimal, unit: str, unit_price: Decimal, vat_rate: Decimal
) -> DraftLine:
    assumption = fields.text("assumption", "l’hypothèse", MAX_ASSUMPTION)
    return DraftLine(code, label, quantity, unit, unit_price, vat_rate, money.line_total(quantity, unit_price), assumption)


def _compare(fields: Fields, name: str, french: str, unit: str, ours: Decimal) -> None:
    """Record an amount of the model that is not ours; ours stays."""
    if fields.raw(name) is None:
        return
    theirs = fields.claim(name, unit)
    if theirs is None:
        fields.note(f"{french} illisible, ignoré.")
    elif money.round_cents(theirs) != money.round_cents(ours):
        fields.note(f"{french} annoncé {euro(theirs)}, retenu {euro(ours)}.")


def _surface(fields: Fields) -> Decimal | None:
    """Square metres; zero is a model's way of not knowing."""
    value = fields.number("surface_m2", "la surface", "m²")
    if value is None or value == 0:
        return None
    rounded = money.round_cents(value)
    if not 0 < rounded <= MAX_SURFACE:
        raise fields.refuse("la surface est hors limites.")
    return money.trimmed(rounded)


def _requirements(fields: Fields) -> tuple[str, ...]:
    raw = fields.raw("requirements")
    if raw is None:
        return ()
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw[:MAX_REQUIREMENTS]):
        raise fields.refuse("les exigences sont une liste de textes.")
    if len(raw) > MAX_REQUIREMENTS:
        fields.note(f"exigences réduites aux {MAX_REQUIREMENTS} premières.")
    return tuple(dict.fromkeys(name for item in raw[:MAX_REQUIREMENTS] if (name := slug(item[:100]))))
