"""Forms of the account's pages."""

from __future__ import annotations

from flask_wtf.file import FileField
from wtforms import BooleanField, EmailField, PasswordField, RadioField, SelectField, SelectMultipleField, StringField, TelField, URLField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.core.identifiers import check_phone, check_siret, check_website, normalise_email
from app.web.forms import PortalForm, Reads

LIVES = [SelectChoice("365", "1 an"), SelectChoice("90", "90 jours"), SelectChoice("30", "30 jours"), SelectChoice("", "Sans fin")]
ACCESS = [SelectChoice("all", "Tout ce que permet mon rôle"), SelectChoice("some", "Seulement ce que je coche")]


class ProfileForm(PortalForm):
    """The person."""

    name = StringField("Votre nom", [DataRequired(), Length(max=120)])


class CompanyForm(PortalForm):
    """The company's page (003 §17.3)."""

    company_name = StringField("Nom de l’entreprise", [DataRequired(), Length(max=120)])
    siret = StringField("SIRET", [Length(max=40), Reads(check_siret)])
    address = StringField("Adresse", [Length(max=300)])
    phone = TelField("Téléphone", [Length(max=40), Reads(check_phone)])
    website = URLField("Site internet", [Length(max=300), Reads(check_website)])
    logo = FileField("Logo")


class PasswordForm(PortalForm):
    """Another password; the field of the current one is removed for an account that has none."""

    current = PasswordField("Mot de passe actuel", [DataRequired()])
    password = PasswordField("Nouveau mot de passe", [DataRequired()])


class AddressForm(PortalForm):
    """Another e-mail address, to be confirmed from its mailbox."""

    email = EmailField("Nouvelle adresse e-mail", [DataRequired(), Length(max=254), Reads(normalise_email)])
    current = PasswordField("Mot de passe actuel", [DataRequired()])


class KeyForm(PortalForm):
    """A key or token to make."""

    name = StringField("Nom", [DataRequired(), Length(max=80)])
    access = RadioField("Ce qui est permis", choices=ACCESS, default="all")
    scopes = SelectMultipleField("Permissions", widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())
    life = SelectField("Expire après", choices=LIVES, default="365")


class PreferencesForm(PortalForm):
    """One switch per kind of notification; subclassed with the kinds that concern the person."""


def preferences_form(kinds: dict[str, str], refused: set[str]) -> PreferencesForm:
    """A form with one switch per kind, named as it."""
    switches = {kind: BooleanField(label) for kind, label in kinds.items()}
    form: PreferencesForm = type("KindsForm", (PreferencesForm,), switches)(**{kind: kind not in refused for kind in kinds})
    return form
