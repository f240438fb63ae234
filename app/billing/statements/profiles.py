"""The billing profile of an editor: whom to write to, where, how he is billed and whether he is (003 §3.2)."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from decimal import Decimal

from app.audit.service import record
from app.billing.statements.countries import COUNTRIES, EU
from app.billing.statements.models import CYCLES, PROFILE_STATUSES, VAT_MODES, BillingNote, BillingProfile
from app.core import clock
from app.core.errors import InvalidError
from app.core.identifiers import check_siret, check_vat_number, normalise_email
from app.extensions import db

MAX_PRICE = Decimal(1_000_000)
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_FRENCH_POSTCODE = re.compile(r"\d{5}")


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom statements are written to, and who the customer is: what the editor changes himself."""

    contact_name: str
    billing_email: str
    address_line1: str
    address_line2: str
    postcode: str
    city: str
    country: str
    siret: str
    vat_number: str


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """How the editor is billed: the platform's own part."""

    cycle: str = "monthly"
    renewal_month: int = 1
    agreed_price_month: Decimal | None = None
    first_month: str = ""
    vat_mode: str = "normal"
    status: str = "active"
    notes: str = ""


def profile_of(editor_id: str) -> BillingProfile | None:
    """The profile of an editor, if he has one."""
    return db.session.get(BillingProfile, editor_id)


def notes_of(editor_id: str) -> str:
    """What the staff noted; empty for anybody else."""
    found = db.session.get(BillingNote, editor_id)
    return found.text if found else ""


def save_profile(editor_id: str, contact: Contact, terms: BillingTerms) -> BillingProfile:
    """Open or change the billing of an editor (staff). Raises InvalidError by field.

    Billing that starts again after a suspension or a cancellation starts with the current month: what lies between is not billed.
    """
    found = profile_of(editor_id)
    values = _checked(contact)
    errors = _refused(terms, values)
    if errors:
        raise InvalidError("Le profil de facturation est à corriger.", errors)
    first_month = terms.first_month or clock.paris_month()
    if found is None:
        found = BillingProfile(editor_id=editor_id)
        db.session.add(found)
    elif terms.status == "active" and found.status != "active":
        first_month = max(first_month, clock.paris_month())
    for name, value in values.items():
        setattr(found, name, value)
    found.cycle, found.renewal_month, found.vat_mode = terms.cycle, terms.renewal_month, terms.vat_mode
    found.agreed_price_month, found.first_month, found.status = terms.agreed_price_month, first_month, terms.status
    found.updated_at = clock.now()
    _note(editor_id, terms.notes.strip())
    db.session.flush()
    record("billing.profile_saved", editor_id, cycle=found.cycle, status=found.status)
    return found


def change_contact(profile: BillingProfile, contact: Contact) -> None:
    """Change whom statements go to (the editor, or staff). Raises InvalidError by field."""
    for name, value in _checked(contact, reverse=profile.vat_mode == "reverse").items():
        setattr(profile, name, value)
    profile.updated_at = clock.now()
    db.session.flush()
    record("billing.contact_changed", profile.editor_id)


def buyer_of(profile: BillingProfile, company: str) -> dict[str, str]:
    """The customer as a statement freezes it."""
    return {
        "name": company,
        "contact": profile.contact_name,
        "email": profile.billing_email,
        "address_line1": profile.address_line1,
        "address_line2": profile.address_line2,
        "postcode": profile.postcode,
        "city": profile.city,
        "country": profile.country,
        "siret": profile.siret or "",
        "vat_number": profile.vat_number or "",
    }


def _note(editor_id: str, text: str) -> None:
    note = db.session.get(BillingNote, editor_id)
    if note is None and text:
        db.session.add(BillingNote(editor_id=editor_id, text=text))
    elif note is not None and note.text != text:
        note.text, note.updated_at = text, clock.now()


def _checked(contact: Contact, *, reverse: bool = False) -> dict[str, str | None]:
    """The contact in the form in which it is kept. Raises InvalidError by field."""
    values: dict[str, str | None] = {name: value.strip() for name, value in asdict(contact).items()}
    errors: dict[str, list[str]] = {}
    try:
        values["billing_email"] = normalise_email(contact.billing_email)
    except ValueError as error:
        errors["billing_email"] = [str(error)]
    country = contact.country
    if country not in COUNTRIES:
        errors["country"] = ["Choisissez un pays de la liste."]
    if country == "FR" and contact.postcode.strip() and not _FRENCH_POSTCODE.fullmatch(contact.postcode.strip()):
        errors["postcode"] = ["Un code postal français a 5 chiffres."]
    values["siret"] = values["vat_number"] = None
    try:
        values["siret"] = check_siret(contact.siret) if contact.siret.strip() else None
    except ValueError as error:
        errors["siret"] = [str(error)]
    try:
        values["vat_number"] = vat_number_of(contact.vat_number, country)
    except ValueError as error:
        errors["vat_number"] = [str(error)]
    if reverse and not errors and (values["vat_number"] is None or country == "FR"):
        errors["vat_number"] = ["Sans TVA française, il faut un pays étranger et un numéro de TVA."]
    if errors:
        raise InvalidError("Les coordonnées de facturation sont à corriger.", errors)
    return values


def vat_number_of(text: str, country: str) -> str | None:
    """A VAT number as it is kept; its key is checked within the European Union. Raises ValueError, in French."""
    if not text.strip():
        return None
    return check_vat_number(text) if country in EU else text.strip()


def _refused(terms: BillingTerms, values: dict[str, str | None]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    known = {"cycle": (terms.cycle, CYCLES), "status": (terms.status, PROFILE_STATUSES), "vat_mode": (terms.vat_mode, VAT_MODES)}
    for name, (value, allowed) in known.items():
        if value not in allowed:
            errors[name] = ["Choisissez une valeur de la liste."]
    if not 1 <= terms.renewal_month <= 12:
        errors["renewal_month"] = ["Choisissez un mois de la liste."]
    if terms.first_month and not _MONTH.fullmatch(terms.first_month):
        errors["first_month"] = ["Écrivez un mois comme 2026-11."]
    if terms.agreed_price_month is not None and not 0 <= terms.agreed_price_month <= MAX_PRICE:
        errors["agreed_price_month"] = ["Un montant entre 0 et un million d’euros."]
    if terms.vat_mode == "reverse" and (values["country"] == "FR" or not values["vat_number"]):
        errors["vat_mode"] = ["L’autoliquidation demande un pays étranger et un numéro de TVA."]
    return errors
