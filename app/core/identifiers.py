"""What people type to name a firm, a telephone, a mailbox: checked and put in one form (FIELD.md, Identifiers)."""

from __future__ import annotations

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from stdnum.eu import vat
from stdnum.exceptions import ValidationError
from stdnum.fr import siret

from app.core.urls import BlockedAddressError, read_url

# A number dialled from overseas France is invalid "as FR": its own plan is tried next.
_OVERSEAS = ("RE", "GP", "MQ", "GF", "YT")
_OVERSEAS_CODES = (262, 590, 596, 594)


def check_siret(text: str) -> str:
    """The 14 digits of a SIRET, with its Luhn key checked (La Poste's exception included). Raises ValueError, in French."""
    try:
        return str(siret.validate(text))
    except ValidationError:
        raise ValueError("Ce numéro SIRET n’est pas valide : 14 chiffres sont attendus, comme 732 829 320 00074.") from None


def check_vat_number(text: str) -> str:
    """A VAT number of the European Union in one form (`FR40303265045`), its key checked. Raises ValueError, in French."""
    try:
        return str(vat.validate(text))
    except ValidationError:
        raise ValueError("Ce numéro de TVA n’est pas valide, par exemple FR40 303265045.") from None


def check_website(text: str) -> str:
    """The address of a company's site; `https://` is put before one without it. Raises ValueError, in French."""
    url = text if re.match("https?://", text, re.IGNORECASE) else f"https://{text}"
    try:
        public = "." in read_url(url).host
    except BlockedAddressError:
        public = False
    if not public:
        raise ValueError("Cette adresse de site n’est pas valide, par exemple https://exemple.fr.")
    return url


def check_phone(text: str, region: str = "FR") -> str:
    """A telephone number in E.164 (`+33612345678`). Read as dialled in `region`, then overseas, or as international with a `+`.

    Raises ValueError, in French.
    """
    for candidate in (region, *_OVERSEAS):
        try:
            number = phonenumbers.parse(text, candidate)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise ValueError("Ce numéro de téléphone n’est pas valide, par exemple 06 12 34 56 78.")


def format_phone_fr(e164: str) -> str:
    """How a French reader expects it: `06 12 34 56 78`, `0692 12 34 56`, abroad `+32 470 12 34 56`. Anything unreadable is given back."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    home = number.country_code == 33 or number.country_code in _OVERSEAS_CODES
    style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


def normalise_email(text: str) -> str:
    """An address in the one form in which it is stored and looked up: lower case, Unicode composed. No DNS query.

    Raises ValueError, in French.
    """
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise ValueError("Cette adresse e-mail n’est pas valide, par exemple prenom.nom@exemple.fr.") from None
