"""Forms of the pages without a portal."""

from __future__ import annotations

from wtforms import BooleanField, EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, Length

from app.web.forms import PortalForm


class LoginForm(PortalForm):
    """Nothing is checked here: every refusal is the same sentence."""

    email = EmailField("Adresse e-mail")
    password = PasswordField("Mot de passe")
    remember = BooleanField("Rester connecté sur cet appareil")
    suite = HiddenField()


class ForgottenForm(PortalForm):
    """The address to which a link is sent, if it is known."""

    email = EmailField("Adresse e-mail", [DataRequired(), Length(max=254)])


class NewPasswordForm(PortalForm):
    """A password chosen after a reset; its rules are the verb's."""

    password = PasswordField("Nouveau mot de passe", [DataRequired()])


class InvitationForm(PortalForm):
    """What an invited person fills in; the fields that do not concern him are removed."""

    name = StringField("Votre nom", [DataRequired(), Length(max=120)])
    company_name = StringField("Nom de l’entreprise", [DataRequired(), Length(max=120)])
    password = PasswordField("Mot de passe", [DataRequired()])
    accepts_link = BooleanField("Relier mon compte", default=True)
