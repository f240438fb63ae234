"""Who issues statements, and the rate of VAT in force on a day."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from app.audit.service import record
from app.billing.statements.countries import COUNTRIES
from app.billing.statements.models import BillingIssuer, VatRate
from app.billing.statements.profiles import vat_number_of
from app.core import clock
from app.core.errors import ConflictError, InvalidError
from app.core.identifiers import check_siret, normalise_email
from app.extensions import db


@dataclass(frozen=True, slots=True)
class IssuerValues:
    """The company that runs the platform, as it is typed."""

    name: str
    legal: str
    address_line1: str
    address_line2: str
    postcode: str
    city: str
    country: str
    siret: str
    vat_number: str
    email: str


def issuer() -> BillingIssuer | None:
    """The issuer, once somebody wrote it."""
    return db.session.get(BillingIssuer, "issuer")


def save_issuer(values: IssuerValues) -> BillingIssuer:
    """Write who issues the statements that are still to come. Raises InvalidError by field."""
    errors: dict[str, list[str]] = {}
    kept: dict[str, str | None] = {name: value.strip() for name, value in asdict(values).items()}
    errors |= {name: ["Remplissez ce champ."] for name in ("name", "address_line1", "postcode", "city") if not kept[name]}
    if values.country not in COUNTRIES:
        errors["country"] = ["Choisissez un pays de la liste."]
    for name, check in (
        ("siret", check_siret),
        ("vat_number", lambda text: vat_number_of(text, values.country)),
        ("email", normalise_email),
    ):
        try:
            kept[name] = check(kept[name] or "") if kept[name] else ("" if name == "email" else None)
        except ValueError as error:
            errors[name] = [str(error)]
    if errors:
        raise InvalidError("L’émetteur est à corriger.", errors)
    found = issuer()
    if found is None:
        found = BillingIssuer()
        db.session.add(found)
    for name, value in kept.items():
        setattr(found, name, value)
    found.updated_at = clock.now()
    db.session.flush()
    record("billing.issuer_saved")
    return found


def seller() -> dict[str, str]:
    """The issuer as a statement freezes it. Raises ConflictError until it is written."""
    found = issuer()
    if found is None:
        raise ConflictError("Écrivez d’abord qui émet les relevés : page « Émetteur et TVA ».", code="no_issuer")
    names = ("name", "legal", "address_line1", "address_line2", "postcode", "city", "country", "siret", "vat_number", "email")
    return {name: getattr(found, name) or "" for name in names}


def vat_rates() -> list[VatRate]:
    """Every rate, the newest first."""
    return list(db.session.scalars(select(VatRate).order_by(VatRate.valid_from.desc())))


def vat_rate_on(day: date) -> Decimal:
    """The normal rate in force on a day, in per cent. Raises ConflictError before the first one."""
    rate = db.session.scalar(select(VatRate.rate).where(VatRate.valid_from <= day).order_by(VatRate.valid_from.desc()).limit(1))
    if rate is None:
        raise ConflictError("Aucun taux de TVA n’est écrit pour cette date.", code="no_vat_rate")
    return rate


def save_vat_rate(valid_from: date, rate: Decimal) -> None:
    """Write a rate from a day on; statements that are issued keep theirs. Raises InvalidError by field."""
    if not 0 <= rate <= 100:
        raise InvalidError("Le taux est à corriger.", {"rate": ["Un taux entre 0 et 100 %."]})
    found = db.session.get(VatRate, valid_from)
    if found is None:
        db.session.add(VatRate(valid_from=valid_from, rate=rate))
    else:
        found.rate = rate
    db.session.flush()
    record("billing.vat_rate_saved", None, rate=str(rate), valid_from=valid_from.isoformat())
