"""Costs: dated prices, dated rates, in euros."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from app.core.errors import InvalidError, NotFoundError
from app.extensions import db
from app.llm import catalogue, prices
from app.llm.catalogue import ModelValues, ProviderValues
from app.llm.models import Model
from app.web.house import House
from tests.factories.ai import Owner

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def model(house: House) -> Model:
    """A model at 2 and 8 a million, in dollars of 0.5 euro, from 1 June on."""
    admin = Owner("admin")
    with admin.acting():
        catalogue.save_provider(ProviderValues("neuf", "Neuf", "https://neuf.exemple.fr/v1"))
        made = catalogue.save_model("neuf", ModelValues("m"))
        prices.add_price(made, "2", Decimal("8"), "usx", date(2026, 6, 1))
        prices.set_rate("USX", date(2026, 6, 1), "0,5")
    return made


def test_a_call_costs_its_tokens_in_euros(model: Model) -> None:
    with Owner("editeur").job():
        cost = prices.cost_of("neuf", "m", 1_000, 500, NOON)
    assert (cost.amount, cost.currency, cost.eur, cost.known) == (Decimal("0.006"), "USX", Decimal("0.003"), True)


def test_past_costs_do_not_change(model: Model) -> None:
    """A new price and a new rate are for their day on; a Paris day begins at midnight in Paris."""
    with Owner("admin").acting():
        prices.add_price(model, "4", "16", "USX", date(2026, 7, 1))
        prices.set_rate("USX", date(2026, 7, 2), "1")
    with Owner("editeur").job():
        found = [
            prices.cost_of("neuf", "m", 1_000_000, 0, at).eur
            for at in (
                NOON,
                datetime(2026, 6, 30, 21, 59, tzinfo=UTC),
                datetime(2026, 6, 30, 22, 1, tzinfo=UTC),
                datetime(2026, 7, 2, 12, tzinfo=UTC),
            )
        ]
    assert found == [Decimal(1), Decimal(1), Decimal(2), Decimal(4)]


def test_what_is_not_known_costs_nothing_says_so_and_is_at_most_the_dearest(model: Model) -> None:
    with Owner("admin").acting():
        dear = catalogue.save_model("neuf", ModelValues("sans-taux"))
        prices.add_price(dear, "1", "1", "XXX", date(2026, 6, 1))
        euros = catalogue.save_model("neuf", ModelValues("en-euros"))
        prices.add_price(euros, "1", "1", "EUR", date(2026, 6, 1))
    with Owner("editeur").job():
        # The dearest of the seeds: 3 dollars to read, 15 to write, at 0.86 euro.
        for model_key, at in (("m", datetime(2026, 5, 31, 12, tzinfo=UTC)), ("jamais-vu", NOON)):
            unknown = prices.cost_of("neuf", model_key, 1_000_000, 2_000_000, at)
            assert (unknown.amount, unknown.eur, unknown.known, unknown.at_most) == (0, 0, False, Decimal("28.38"))
        before = prices.cost_of("neuf", "jamais-vu", 1, 1, datetime(2025, 1, 1, tzinfo=UTC))
        assert (before.known, before.at_most) == (False, 0), "no price was known then"
        without_rate = prices.cost_of("neuf", "sans-taux", 1_000_000, 0, NOON)
        assert (without_rate.amount, without_rate.currency, without_rate.eur, without_rate.known) == (1, "XXX", 0, False)
        assert without_rate.at_most == Decimal("2.58")
        in_euros = prices.cost_of("neuf", "en-euros", 1_000_000, 1_000_000, NOON)
        assert (in_euros.eur, in_euros.known, in_euros.at_most) == (2, True, 0)
        local = prices.cost_of("local", "local", 10_000, 10_000, NOON)
        assert (local.eur, local.known, local.at_most) == (0, True, 0)


def test_the_seeds_have_prices(house: House) -> None:
    with Owner("artisan").job():
        cost = prices.cost_of("openai", "gpt-4o-mini", 1_000_000, 1_000_000, NOON)
        assert (cost.currency, cost.amount, cost.eur) == ("USD", Decimal("0.75"), Decimal("0.645"))
        assert prices.cost_of("platform", "gpt-4o-mini", 1_000_000, 1_000_000, NOON) == cost, "AI_MODEL of a known name"
        priced = set(
            db.session.scalars(
                text("SELECT p.key FROM ai_models m JOIN providers p ON p.id = m.provider_id JOIN model_prices x ON x.model_id = m.id")
            )
        )
    assert priced == {"openai", "anthropic", "google", "mistral", "grok", "deepseek"}


def test_costs_are_read_once_for_many_calls(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    readings: list[object] = []
    real: Callable[..., object] = prices.read
    monkeypatch.setattr(prices, "read", lambda statement: readings.append(statement) or real(statement))
    with Owner("editeur").job():
        for _ in range(50):
            prices.cost_of("neuf", "m", 1, 1, NOON)
    assert len(readings) == 2


def test_a_price_of_the_same_day_is_corrected(model: Model) -> None:
    with Owner("admin").acting():
        prices.add_price(model.id, "3", "9", "USX", date(2026, 6, 1))
        assert [price.input_per_million for price in prices.prices_of(model.id)] == [3]
        assert prices.price_in_force(model.id, date(2026, 5, 31)) is None
        in_force = prices.price_in_force(model.id, date(2026, 6, 2))
        assert in_force and in_force.output_per_million == 9


def test_prices_and_rates_are_checked(model: Model) -> None:
    with Owner("admin").acting():
        with pytest.raises(InvalidError) as caught:
            prices.add_price(model, "-1", "beaucoup", "euros", date(2026, 6, 1))
        assert sorted(caught.value.fields) == ["currency", "input", "output"]
        with pytest.raises(InvalidError) as caught:
            prices.set_rate("EUR", date(2026, 6, 1), "NaN")
        assert sorted(caught.value.fields) == ["currency", "eur"]
        with pytest.raises(InvalidError):
            prices.set_rate("USX", date(2026, 6, 1), "0")
        with pytest.raises(NotFoundError):
            prices.add_price("mdl_none", "1", "1", "EUR", date(2026, 6, 1))
    editor = Owner("editeur")
    with editor.acting():
        assert db.session.scalars(select(Model.id)).first()
        changed = db.session.execute(text("UPDATE model_prices SET input_per_million = 0"))
        assert changed.rowcount == 0, "an account changes a price"
