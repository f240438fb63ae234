"""Forms of plans and of what is agreed with an editor; the rules are the verbs'."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from app.billing.models import Plan, Subscription
from app.billing.plans import LIMITS, MAX_LIMIT, PlanValues, Terms
from app.core import format as french
from app.core.errors import InvalidError
from app.core.money import AmountError, parse_amount
from app.web.forms import PortalForm

INHERITED, NONE, OWN = "forfait", "aucune", "propre"
SOURCES = ((INHERITED, "Celle du forfait"), (NONE, "Sans limite"), (OWN, "Une limite propre"))


def _limit(label: str) -> IntegerField:
    return IntegerField(label, [Optional(), NumberRange(1, MAX_LIMIT, "Un nombre entre 1 et un milliard.")])


class PlanForm(PortalForm):
    """A plan: an empty limit is none, an empty price is agreed on."""

    name = StringField("Nom", [DataRequired(), Length(max=60)])
    price_month = StringField("Prix par mois, hors taxes", [Length(max=20)])
    sessions_month = _limit("Conversations par mois")
    messages_month = _limit("Messages par mois")
    deployments = _limit("Déploiements")
    is_active = BooleanField("Proposé aux éditeurs", default=True)

    def show(self, plan: Plan) -> None:
        """Fill in the form with a plan as people write it."""
        self.name.data, self.is_active.data = plan.name, plan.is_active
        self.price_month.data = "" if plan.price_month is None else french.quantity(plan.price_month)
        for name in LIMITS:
            self[name].data = getattr(plan, name)

    def values(self) -> PlanValues:
        """What was typed, read. Raises InvalidError on a price that is no number."""
        price: Decimal | None = None
        if (self.price_month.data or "").strip():
            try:
                price = parse_amount(self.price_month.data or "")
            except AmountError:
                raise InvalidError("Le prix est à corriger.", {"price_month": ["Écrivez un nombre, par exemple 49 ou 199,90."]}) from None
        limits = {name: self[name].data for name in LIMITS}
        return PlanValues(name=self.name.data or "", price_month=price, is_active=bool(self.is_active.data), **limits)


class SubscriptionForm(PortalForm):
    """A plan for an editor, with the limits that are agreed otherwise."""

    plan = SelectField("Forfait", [DataRequired()])
    sessions_month_from = SelectField("Conversations par mois", choices=[SelectChoice(*source) for source in SOURCES])
    sessions_month = _limit("Conversations par mois, limite propre")
    messages_month_from = SelectField("Messages par mois", choices=[SelectChoice(*source) for source in SOURCES])
    messages_month = _limit("Messages par mois, limite propre")
    deployments_from = SelectField("Déploiements", choices=[SelectChoice(*source) for source in SOURCES])
    deployments = _limit("Déploiements, limite propre")
    suspends_on_overrun = BooleanField("Suspendre en cas de dépassement massif", default=True)
    unpaid_since = DateField("Facture impayée depuis le", [Optional()])

    def offer(self, plans: Any, current: str | None) -> None:
        """The plans offered, and the one the editor has."""
        words = [SelectChoice(row.Plan.id, plan_words(row.Plan)) for row in plans if row.Plan.is_active or row.Plan.id == current]
        self.plan.choices = [SelectChoice("", "Choisissez un forfait"), *words]

    def show(self, found: Subscription) -> None:
        """Fill in the form with what is agreed."""
        self.plan.data, self.unpaid_since.data = found.plan_id, found.unpaid_since
        self.suspends_on_overrun.data = found.suspends_on_overrun
        for name in LIMITS:
            own = found.overrides.get(name)
            self[f"{name}_from"].data = INHERITED if name not in found.overrides else NONE if own is None else OWN
            self[name].data = own

    def terms(self) -> Terms:
        """What was typed, read. Raises InvalidError when a limit of one's own is left empty."""
        overrides: dict[str, int | None] = {}
        for name in LIMITS:
            source = self[f"{name}_from"].data
            if source == OWN and self[name].data is None:
                raise InvalidError("Une limite est à écrire.", {name: ["Écrivez la limite, ou choisissez celle du forfait."]})
            if source != INHERITED:
                overrides[name] = self[name].data if source == OWN else None
        return Terms(
            plan_id=self.plan.data,
            overrides=overrides,
            suspends_on_overrun=bool(self.suspends_on_overrun.data),
            unpaid_since=self.unpaid_since.data,
        )


def plan_words(plan: Plan) -> str:
    """« Pro : 10 000 conversations, 199,00 € par mois »."""
    talk = (
        "conversations sans limite" if plan.sessions_month is None else french.plural(plan.sessions_month, "conversation", "conversations")
    )
    return f"{plan.name} : {talk}, " + ("sur devis" if plan.price_month is None else f"{french.euro(plan.price_month)} par mois")
