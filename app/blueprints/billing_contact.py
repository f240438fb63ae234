"""Whom statements are written to, as a form: the same in the editor's portal and in the platform's."""

from __future__ import annotations

from dataclasses import fields

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.billing.statements.countries import COUNTRIES
from app.billing.statements.models import BillingProfile
from app.billing.statements.profiles import Contact
from app.core.identifiers import check_siret, normalise_email
from app.identity.models import User
from app.web.forms import PortalForm, Reads

NAMES = tuple(field.name for field in fields(Contact))


class ContactForm(PortalForm):
    """The customer of the statements."""

    contact_name = StringField("Contact", [Length(max=120)])
    billing_email = StringField("E-mail de facturation", [DataRequired(), Length(max=254), Reads(normalise_email)])
    address_line1 = StringField("Adresse", [Length(max=120)])
    address_line2 = StringField("Complément d’adresse", [Length(max=120)])
    postcode = StringField("Code postal", [Length(max=12)])
    city = StringField("Ville", [Length(max=80)])
    country = SelectField("Pays", choices=[SelectChoice(code, name) for code, name in COUNTRIES.items()], default="FR")
    siret = StringField("SIRET", [Length(max=20), Reads(check_siret)])
    vat_number = StringField("Numéro de TVA", [Length(max=30)])

    def show(self, profile: BillingProfile) -> None:
        """Fill in the form with a profile."""
        for name in NAMES:
            self[name].data = getattr(profile, name)

    def suggest(self, editor: User) -> None:
        """Fill in an empty form with what the account says."""
        self.contact_name.data, self.billing_email.data = editor.name, editor.email
        self.address_line1.data = str(editor.company_info.get("address") or "")[:120]

    def contact(self) -> Contact:
        """What was typed."""
        return Contact(**{name: self[name].data or "" for name in NAMES})
