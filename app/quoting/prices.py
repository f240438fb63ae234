"""Verbs and reads of the price library for the people who keep it: the platform (owner None), an editor, an artisan.

An owner sees the platform's prices and his own; his own stands in place of the platform's with the same code (`prices_for`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import aliased

from app.audit.service import record
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.money import VAT_RATES
from app.core.search import folded, has_words
from app.core.text import clean_line
from app.extensions import db
from app.quoting.models import PriceItem

UNITS = ("forfait", "m²", "ml", "m³", "unité", "h", "jour")
TRADES = {
    "salle_de_bain": "Salle de bain",
    "carrelage": "Carrelage",
    "peinture": "Peinture",
    "sols": "Sols",
    "cuisine": "Cuisine",
    "toiture": "Toiture",
    "electricite": "Électricité",
    "plomberie": "Plomberie",
    "chauffage": "Chauffage",
    "isolation": "Isolation",
    "menuiserie": "Menuiserie",
    "facade": "Façade",
    "platrerie": "Plâtrerie",
}
"""Trades of the platform's library, and how they are written."""
MAX_CODE, MAX_LABEL, MAX_KEYWORDS = 40, 200, 20
MAX_PRICE = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class PriceValues:
    """What a person says of a price: euros net of VAT for one `unit`, VAT rate in per cent."""

    code: str
    label: str
    unit: str
    unit_price: Decimal
    vat_rate: Decimal
    trade: str
    keywords: tuple[str, ...] = ()


def prices_of(owner_id: str | None, *, query: str = "", trade: str = "", state: str = "", origin: str = "") -> Select[Any]:
    """The library as its owner sees it, to be paged by any of its columns, `id` last.

    `state`: active or inactive; `origin`: own or shared. A shared price that the owner replaced is left out; the row that replaces it
    tells it as `shared_price` and `shared_unit`.
    """
    own, twin = aliased(PriceItem), aliased(PriceItem)
    statement = select(
        PriceItem.id,
        PriceItem.owner_id,
        PriceItem.code,
        PriceItem.label,
        PriceItem.unit,
        PriceItem.unit_price,
        PriceItem.vat_rate,
        PriceItem.trade,
        PriceItem.is_active,
        twin.unit_price.label("shared_price"),
        twin.unit.label("shared_unit"),
    ).outerjoin(twin, twin.owner_id.is_(None) & PriceItem.owner_id.is_not(None) & (func.upper(twin.code) == func.upper(PriceItem.code)))
    if owner_id is None:
        statement = statement.where(PriceItem.owner_id.is_(None))
    else:
        replaced = exists().where(own.owner_id == owner_id, func.upper(own.code) == func.upper(PriceItem.code))
        shared = PriceItem.owner_id.is_(None) & ~replaced
        own_or_shared = {"own": PriceItem.owner_id == owner_id, "shared": shared}
        statement = statement.where(own_or_shared.get(origin, shared | (PriceItem.owner_id == owner_id)))
    if query:
        words = folded(PriceItem.code, PriceItem.label, func.array_to_string(PriceItem.keywords, " "))
        statement = statement.where(has_words(words, query))
    if trade:
        statement = statement.where(PriceItem.trade == trade)
    if state in ("active", "inactive"):
        statement = statement.where(PriceItem.is_active.is_(state == "active"))
    return statement


def price_in_reach(owner_id: str | None, price_id: str) -> PriceItem:
    """A price of the owner or of the platform. Raises NotFoundError."""
    item = db.session.scalar(
        select(PriceItem).where(PriceItem.id == price_id, (PriceItem.owner_id == owner_id) | PriceItem.owner_id.is_(None))
    )
    if item is None:
        raise NotFoundError("Ce prix n’existe pas ou n’est plus accessible.")
    return item


def save_price(owner_id: str | None, values: PriceValues, price_id: str | None = None) -> PriceItem:
    """Add a price, change one's own, or make one's own of a shared one (whose code it keeps).

    Raises InvalidError by field (a code that is taken included), NotFoundError.
    """
    checked = _checked(values)
    item = price_in_reach(owner_id, price_id) if price_id else None
    if item is not None and item.owner_id != owner_id:
        item, checked["code"] = _own_copy(owner_id, item), item.code
    same = select(PriceItem.id).where(
        PriceItem.owner_id.is_not_distinct_from(owner_id), func.upper(PriceItem.code) == checked["code"].upper()
    )
    if db.session.scalar(same.where(PriceItem.id != item.id) if item else same):
        raise InvalidError("Ce code est déjà pris.", {"code": ["Un autre de vos prix porte ce code : choisissez-en un autre."]})
    if item is None:
        item = PriceItem(owner_id=owner_id)
    for name, value in checked.items():
        setattr(item, name, value)
    db.session.add(item)
    db.session.flush()
    record("price.saved", item.id, code=item.code)
    return item


def switch_price(owner_id: str | None, price_id: str, *, active: bool) -> PriceItem:
    """Propose a price in estimates, or no longer. A shared one is switched for its owner only. Raises NotFoundError."""
    item = price_in_reach(owner_id, price_id)
    if item.owner_id != owner_id:
        item = _own_copy(owner_id, item)
    item.is_active = active
    db.session.flush()
    record("price.switched", item.id, code=item.code, active=active)
    return item


def forget_own_price(owner_id: str, price_id: str) -> PriceItem | None:
    """Drop one's own price; the platform's of the same code, if there is one, is in force again and returned. Raises NotFoundError."""
    item = price_in_reach(owner_id, price_id)
    if item.owner_id != owner_id:
        raise ConflictError("Ce prix est déjà celui de la bibliothèque.", code="shared_price")
    again = shared_price(item)
    db.session.delete(item)
    record("price.forgotten", price_id, code=item.code)
    return again


def shared_price(own: PriceItem) -> PriceItem | None:
    """The platform's price that an owner's price stands in place of, if there is one."""
    return db.session.scalar(select(PriceItem).where(PriceItem.owner_id.is_(None), func.upper(PriceItem.code) == own.code.upper()))


def _own_copy(owner_id: str | None, shared: PriceItem) -> PriceItem:
    """The owner's price of that code, made from the shared one when there is none yet."""
    own = db.session.scalar(select(PriceItem).where(PriceItem.owner_id == owner_id, func.upper(PriceItem.code) == shared.code.upper()))
    if own is None:
        copied = ("code", "label", "unit", "unit_price", "vat_rate", "trade", "keywords", "is_active")
        own = PriceItem(owner_id=owner_id, **{name: getattr(shared, name) for name in copied})
        db.session.add(own)
        db.session.flush()
    return own


def check_unit_price(price: Decimal) -> Decimal:
    """A price that a library may hold. Raises ValueError, in French."""
    if not price.is_finite() or price <= 0 or price > MAX_PRICE or price != round(price, 4):
        raise ValueError("Un prix supérieur à zéro, quatre décimales au plus, par exemple 80 ou 12,50.")
    return price


def _checked(values: PriceValues) -> dict[str, Any]:
    code, label = clean_line(values.code).upper().replace(" ", "-"), clean_line(values.label)
    errors: dict[str, list[str]] = {}
    if not code or len(code) > MAX_CODE:
        errors["code"] = [f"Un code court, {MAX_CODE} caractères au plus, par exemple CARR-SOL."]
    if not label or len(label) > MAX_LABEL:
        errors["label"] = [f"Le nom de l’ouvrage, {MAX_LABEL} caractères au plus."]
    if values.unit not in UNITS:
        errors["unit"] = ["Choisissez une unité de la liste."]
    try:
        check_unit_price(values.unit_price)
    except ValueError as error:
        errors["unit_price"] = [str(error)]
    if values.vat_rate not in VAT_RATES:
        errors["vat_rate"] = ["Choisissez 20, 10 ou 5,5 %."]
    trade = clean_line(values.trade).lower()
    if not trade or len(trade) > MAX_CODE:
        errors["trade"] = ["Choisissez un corps de métier."]
    if errors:
        raise InvalidError("Des champs du prix sont à corriger.", errors)
    keywords = list(dict.fromkeys(word for word in map(clean_line, values.keywords) if word))[:MAX_KEYWORDS]
    return {
        "code": code,
        "label": label,
        "unit": values.unit,
        "unit_price": values.unit_price,
        "vat_rate": values.vat_rate,
        "trade": trade,
        "keywords": keywords,
    }
