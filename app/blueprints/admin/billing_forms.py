"""Forms of billing: the profile of an editor, who issues, the rate of VAT, where Dolibarr answers. The rules are the verbs'."""

from __future__ import annotations

from decimal import Decimal

from wtforms import BooleanField, DateField, IntegerField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from app.billing.statements.countries import COUNTRIES
from app.billing.statements.issuer import IssuerValues
from app.billing.statements.models import AccountingSettings, BillingIssuer, BillingProfile
from app.billing.statements.profiles import BillingTerms
from app.blueprints.billing_contact import ContactForm
from app.core import clock
from app.core import format as french
from app.core.errors import InvalidError
from app.core.identifiers import check_siret, normalise_email
from app.core.money import AmountError, parse_amount, round_cents
from app.web.forms import PortalForm, Reads

CYCLES = {
    "monthly": "Mensuel : le forfait et la consommation, chaque mois",
    "yearly": "Annuel : douze mois de forfait à l’échéance, la consommation chaque mois",
    "usage": "À l’usage : la consommation seule",
}
STATES = {
    "active": "Active : un brouillon est préparé le 1er de chaque mois",
    "suspended": "Suspendue : rien ne se prépare seul, un mois se prépare à la main",
    "cancelled": "Arrêtée : plus aucun relevé ; ceux qui sont émis restent",
}
STATE_PILLS = {
    "active": ("ok", "Active", "circle-check"),
    "suspended": ("wait", "Suspendue", "player-pause"),
    "cancelled": ("neutral", "Arrêtée", "ban"),
}
CYCLE_NAMES = {"monthly": "Mensuel", "yearly": "Annuel", "usage": "À l’usage"}
VAT_MODES = {"normal": "TVA française, au taux normal", "reverse": "Autoliquidation : le client étranger déclare la TVA"}


def _choices(words: dict[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in words.items()]


def _amount(text: str | None, field: str, example: str) -> Decimal | None:
    if not (text or "").strip():
        return None
    try:
        return round_cents(parse_amount(text))
    except AmountError:
        raise InvalidError("Un nombre est à corriger.", {field: [f"Écrivez un nombre, par exemple {example}."]}) from None


class ProfileForm(ContactForm):
    """The billing of an editor: his contact, and the platform's terms."""

    cycle = SelectField("Cycle", choices=_choices(CYCLES))
    renewal_month = SelectField(
        "Échéance du forfait annuel", choices=[SelectChoice(str(n), name.capitalize()) for n, name in enumerate(french.MONTHS, start=1)]
    )
    agreed_price_month = StringField("Prix convenu par mois, hors taxes", [Length(max=20)])
    first_month = StringField("Premier mois facturé", [Length(max=7)])
    vat_mode = SelectField("TVA", choices=_choices(VAT_MODES))
    status = SelectField("Facturation", choices=_choices(STATES))
    notes = TextAreaField("Notes", [Length(max=4000)])

    def begin(self) -> None:
        """The terms of a profile that is being opened."""
        self.first_month.data, self.renewal_month.data = clock.paris_month(), str(clock.paris_day().month)

    def show_terms(self, profile: BillingProfile, notes: str) -> None:
        """Fill in the terms of a profile."""
        self.cycle.data, self.status.data, self.vat_mode.data = profile.cycle, profile.status, profile.vat_mode
        self.renewal_month.data, self.first_month.data, self.notes.data = str(profile.renewal_month), profile.first_month, notes
        price = profile.agreed_price_month
        self.agreed_price_month.data = "" if price is None else french.quantity(price)

    def terms(self) -> BillingTerms:
        """What was typed, read. Raises InvalidError on a price that is no number."""
        return BillingTerms(
            cycle=self.cycle.data or "",
            renewal_month=int(self.renewal_month.data or 1),
            agreed_price_month=_amount(self.agreed_price_month.data, "agreed_price_month", "149 ou 199,90"),
            first_month=(self.first_month.data or "").strip(),
            vat_mode=self.vat_mode.data or "",
            status=self.status.data or "",
            notes=self.notes.data or "",
        )


class IssuerForm(PortalForm):
    """The company that runs the platform."""

    name = StringField("Raison sociale", [DataRequired(), Length(max=120)])
    legal = StringField("Forme, capital, registre", [Length(max=200)])
    address_line1 = StringField("Adresse", [DataRequired(), Length(max=120)])
    address_line2 = StringField("Complément d’adresse", [Length(max=120)])
    postcode = StringField("Code postal", [DataRequired(), Length(max=12)])
    city = StringField("Ville", [DataRequired(), Length(max=80)])
    country = SelectField("Pays", choices=_choices(COUNTRIES), default="FR")
    siret = StringField("SIRET", [Length(max=20), Reads(check_siret)])
    vat_number = StringField("Numéro de TVA", [Length(max=30)])
    email = StringField("E-mail de la comptabilité", [Length(max=254), Reads(normalise_email)])

    def show(self, found: BillingIssuer) -> None:
        """Fill in the form with what is written."""
        for name in IssuerValues.__slots__:
            self[name].data = getattr(found, name)

    def values(self) -> IssuerValues:
        """What was typed."""
        return IssuerValues(**{name: self[name].data or "" for name in IssuerValues.__slots__})


class VatRateForm(PortalForm):
    """A rate of VAT from a day on."""

    valid_from = DateField("À partir du", [DataRequired()])
    rate = StringField("Taux", [DataRequired(), Length(max=10)])

    def value(self) -> Decimal:
        """The rate. Raises InvalidError when it is no number."""
        return _amount(self.rate.data, "rate", "20 ou 5,5") or Decimal(0)


class DolibarrForm(PortalForm):
    """Where Dolibarr answers; the key is written only."""

    base_url = StringField("Adresse de Dolibarr", [DataRequired(), Length(max=300)])
    api_key = PasswordField("Clé d’API", [Length(max=200)])
    product_id = IntegerField("Service des lignes", [Optional()])
    validates = BooleanField("Valider les factures dans Dolibarr", default=True)

    def show(self, found: AccountingSettings) -> None:
        """Fill in the form with what is set; never the key."""
        self.base_url.data, self.product_id.data, self.validates.data = found.base_url, found.product_id, found.validates
