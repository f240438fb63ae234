"""Forms of the administrators' portal; the rules are the verbs'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import DateField, EmailField, SelectField, StringField, TelField, URLField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from app.core.acting import Actor
from app.core.identifiers import check_phone, check_siret, check_website, normalise_email
from app.identity.admin_queries import GIVEN_ALONE
from app.identity.service import STAFF_ROLES
from app.identity.staff import COMPANY_NEEDED, lacks_company
from app.web.forms import PortalForm, Reads


class RoleChoices:
    """A select of roles, without those that the acting person may not give."""

    role: SelectField

    def offer(self, roles: Sequence[Any], actor: Actor, *, alone: bool) -> None:
        """`alone`: only the roles that one holds for oneself."""
        given = [role for role in roles if role.slug in GIVEN_ALONE] if alone else roles
        if not actor.can("staff.manage"):
            # For an account, a métreur and a validator are no roles of the team.
            given = [role for role in given if role.slug not in STAFF_ROLES or (not alone and role.slug in ("metreur", "validator"))]
        words = [SelectChoice(role.slug, f"{role.name} : {role.description[:1].lower()}{role.description[1:]}") for role in given]
        self.role.choices = [SelectChoice("", "Choisissez un rôle"), *words]


class NewUserForm(PortalForm, RoleChoices):
    """A person, or a company's principal account."""

    name = StringField("Prénom et nom", [DataRequired(), Length(max=120)])
    email = EmailField("Adresse e-mail", [DataRequired(), Length(max=254), Reads(normalise_email)])
    role = SelectField("Rôle", [DataRequired()])
    company_name = StringField("Entreprise", [Length(max=120)])

    def validate_company_name(self, field: StringField) -> None:
        """Asked of the roles of companies."""
        if lacks_company(self.role.data or "", field.data or ""):
            raise ValidationError(COMPANY_NEEDED)


class RoleForm(PortalForm, RoleChoices):
    """One more role, for the person or on behalf of an account."""

    role = SelectField("Rôle", [DataRequired()])
    on_behalf_of = EmailField("Pour le compte de", [Length(max=254)])
    expires_on = DateField("Jusqu’au", [Optional()])


class CompanyForm(PortalForm):
    """A company and its contact, as an administrator changes them."""

    company_name = StringField("Nom de l’entreprise", [DataRequired(), Length(max=120)])
    siret = StringField("SIRET", [Length(max=20), Reads(check_siret)])
    address = StringField("Adresse", [Length(max=250)])
    phone = TelField("Téléphone", [Length(max=30), Reads(check_phone)])
    website = URLField("Site", [Length(max=250), Reads(check_website)])
    name = StringField("Prénom et nom du contact", [DataRequired(), Length(max=120)])


class NewCompanyForm(CompanyForm):
    """The same, with the address that receives the invitation."""

    email = EmailField("Adresse e-mail du contact", [DataRequired(), Length(max=254), Reads(normalise_email)])
