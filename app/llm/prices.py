"""What a call costs: prices and rates are dated, so that what was counted once never changes."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select

from app.audit.service import record
from app.core import clock
from app.core.errors import InvalidError, NotFoundError
from app.core.transaction import after_commit
from app.extensions import db
from app.llm.models import CurrencyRate, Model, ModelPrice, Provider
from app.llm.reading import read

EURO = "EUR"
KEPT_SECONDS = 60.0
PLATFORM = "platform"
"""The provider of AI_BASE_URL, which has no catalogue of its own."""
_PLACES = Decimal("0.00000001")
_MILLION = Decimal(1_000_000)
_MOST = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call costs in the currency of its price, and in euros. `known` is False when no price or no rate tells: then it costs nothing,
    and budgets count `at_most`, the same tokens at the dearest prices of that day, in euros.
    """

    amount: Decimal
    currency: str
    eur: Decimal
    known: bool = True
    at_most: Decimal = Decimal(0)


FREE = Cost(Decimal(0), EURO, Decimal(0))


@dataclass(frozen=True, slots=True)
class Price:
    """Per million tokens, in a currency."""

    input: Decimal
    output: Decimal
    currency: str

    def of(self, prompt_tokens: int, completion_tokens: int) -> Decimal:
        """What so many tokens come to."""
        return (self.input * prompt_tokens + self.output * completion_tokens) / _MILLION


@dataclass(slots=True)
class _Dated:
    """Values by the day from which each is in force."""

    days: list[date] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, day: date, value: Any) -> None:
        """In the order of the days."""
        self.days.append(day)
        self.values.append(value)

    def on(self, day: date) -> Any:
        """The value in force that day; None before the first."""
        position = bisect_right(self.days, day)
        return self.values[position - 1] if position else None


@dataclass(frozen=True, slots=True)
class _Table:
    prices: dict[tuple[str, str], _Dated]
    rates: dict[str, _Dated]
    read_at: float

    def rate(self, currency: str, day: date) -> Decimal | None:
        """Euros for one unit that day; None when nobody said."""
        dated = self.rates.get(currency)
        return Decimal(1) if currency == EURO else dated.on(day) if dated else None

    def dearest(self, day: date) -> Price:
        """The highest price for reading and the highest for writing that day, in euros; 0 while no price is known at all."""
        found = [(price, rate) for dated in self.prices.values() if (price := dated.on(day)) and (rate := self.rate(price.currency, day))]
        highest = (max((getattr(price, side) * rate for price, rate in found), default=Decimal(0)) for side in ("input", "output"))
        return Price(*highest, EURO)


_lock = threading.Lock()
_table: _Table | None = None


def cost_of(provider: str, model: str, prompt_tokens: int, completion_tokens: int, at: datetime) -> Cost:
    """What a call costs at that moment. The built-in engine is free, and so is a model whose price is 0; one without a price is not `known`."""
    if provider == "local":
        return FREE
    table, day = _read(), clock.paris_day(at)
    dated = table.prices.get((provider, model))
    price: Price | None = dated.on(day) if dated else None
    rate = table.rate(price.currency, day) if price else None
    amount = price.of(prompt_tokens, completion_tokens) if price else Decimal(0)
    currency = price.currency if price else EURO
    if rate is None:
        at_most = table.dearest(day).of(prompt_tokens, completion_tokens)
        return Cost(_rounded(amount), currency, Decimal(0), known=False, at_most=_rounded(at_most))
    return Cost(_rounded(amount), currency, _rounded(amount * rate))


def forget() -> None:
    """Read prices and rates again at the next call."""
    global _table
    _table = None


def prices_of(model_id: str) -> Sequence[ModelPrice]:
    """The prices of a model, the newest first."""
    return db.session.scalars(select(ModelPrice).where(ModelPrice.model_id == model_id).order_by(ModelPrice.valid_from.desc())).all()


def price_in_force(model_id: str, day: date | None = None) -> ModelPrice | None:
    """The price of a model on a Paris day (default: today)."""
    wanted = select(ModelPrice).where(ModelPrice.model_id == model_id, ModelPrice.valid_from <= (day or clock.paris_day()))
    return db.session.scalar(wanted.order_by(ModelPrice.valid_from.desc()).limit(1))


def rates() -> Sequence[CurrencyRate]:
    """Every rate, by currency, the newest first."""
    return db.session.scalars(select(CurrencyRate).order_by(CurrencyRate.currency, CurrencyRate.valid_from.desc())).all()


def without_rate(currencies: set[str]) -> list[str]:
    """Those of these currencies that nobody gave a rate: prices in them are unknown (`cost_of`)."""
    return sorted(currencies - {EURO, *db.session.scalars(select(CurrencyRate.currency))})


def add_price(model: Model | str, input: Decimal | str, output: Decimal | str, currency: str, valid_from: date) -> ModelPrice:
    """Say what a model (or its id) costs from a Paris day on (staff). What was counted before keeps its cost.

    Raises InvalidError by field (`input`, `output`, `currency`), NotFoundError.
    """
    model_id = model if isinstance(model, str) else model.id
    if db.session.get(Model, model_id) is None:
        raise NotFoundError()
    errors: dict[str, list[str]] = {}
    amounts = {name: _amount(value, name, errors) for name, value in (("input", input), ("output", output))}
    code = _currency(currency, errors)
    if errors:
        raise InvalidError("Le prix est à corriger.", errors)
    price = db.session.scalar(select(ModelPrice).where(ModelPrice.model_id == model_id, ModelPrice.valid_from == valid_from))
    if price is None:
        price = ModelPrice(model_id=model_id, valid_from=valid_from)
        db.session.add(price)
    price.input_per_million, price.output_per_million, price.currency = amounts["input"], amounts["output"], code
    db.session.flush()
    after_commit(forget)
    record("ai_price.added", model_id, currency=code, valid_from=valid_from.isoformat())
    return price


def set_rate(currency: str, valid_from: date, eur: Decimal | str) -> CurrencyRate:
    """Say what one unit of a currency is worth in euros from a Paris day on (staff). Raises InvalidError by field (`currency`, `eur`)."""
    errors: dict[str, list[str]] = {}
    code = _currency(currency, errors)
    value = _amount(eur, "eur", errors)
    if code == EURO:
        errors["currency"] = ["L’euro n’a pas de taux."]
    if not errors and value == 0:
        errors["eur"] = ["Un taux est positif."]
    if errors:
        raise InvalidError("Le taux est à corriger.", errors)
    rate = db.session.get(CurrencyRate, (code, valid_from))
    if rate is None:
        rate = CurrencyRate(currency=code, valid_from=valid_from)
        db.session.add(rate)
    rate.eur = value
    db.session.flush()
    after_commit(forget)
    record("ai_price.rate_set", code, valid_from=valid_from.isoformat(), eur=str(value))
    return rate


def _read() -> _Table:
    """All prices and rates: a few hundred rows, read once a minute by each process; who waits for nobody takes the old ones."""
    global _table
    known = _table
    if known and time.monotonic() - known.read_at < KEPT_SECONDS:
        return known
    if not _lock.acquire(blocking=known is None):
        assert known is not None
        return known
    try:
        if _table is not None and time.monotonic() - _table.read_at < KEPT_SECONDS:
            return _table
        prices: dict[tuple[str, str], _Dated] = defaultdict(_Dated)
        rates: dict[str, _Dated] = defaultdict(_Dated)
        for row in read(_PRICES):
            price = Price(row.input_per_million, row.output_per_million, row.currency)
            prices[row.provider, row.model].add(row.valid_from, price)
        for row in read(_RATES):
            rates[row.currency].add(row.valid_from, row.eur)
        _at_platform(prices)
        _table = _Table(dict(prices), dict(rates), time.monotonic())
        return _table
    finally:
        _lock.release()


def _at_platform(prices: dict[tuple[str, str], _Dated]) -> None:
    """AI_MODEL has the price of the catalogue's model of that name, when only one provider has it."""
    named: dict[str, list[_Dated]] = defaultdict(list)
    for (_, model), dated in prices.items():
        named[model].append(dated)
    for model, found in named.items():
        if len(found) == 1:
            prices[PLATFORM, model] = found[0]


_PRICES = (
    select(
        Provider.key.label("provider"),
        Model.key.label("model"),
        ModelPrice.input_per_million,
        ModelPrice.output_per_million,
        ModelPrice.currency,
        ModelPrice.valid_from,
    )
    .join(Model, Model.id == ModelPrice.model_id)
    .join(Provider, Provider.id == Model.provider_id)
    .order_by(ModelPrice.valid_from)
)
_RATES = select(CurrencyRate.currency, CurrencyRate.valid_from, CurrencyRate.eur).order_by(CurrencyRate.valid_from)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_PLACES, ROUND_HALF_UP)


def _amount(value: Decimal | str, name: str, errors: dict[str, list[str]]) -> Decimal:
    try:
        amount = Decimal(str(value).strip().replace("\u202f", "").replace("\xa0", "").replace(" ", "").replace(",", "."))
    except InvalidOperation:
        amount = Decimal(-1)
    if not (amount.is_finite() and 0 <= amount < _MOST):
        errors[name] = ["Un nombre positif est attendu, comme 2,50."]
        return Decimal(0)
    return amount.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _currency(text: str, errors: dict[str, list[str]]) -> str:
    code = text.strip().upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        errors["currency"] = ["Le code de la devise a trois lettres, comme EUR ou USD."]
    return code
