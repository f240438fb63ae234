"""Who is billed, what for each month, and what the accounting system was told (003 §3.2; issue 4, Costs)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.money import VatLine
from app.core.tables import STAFF, Money, Policy, by_role, created, primary_id
from app.extensions import db

CYCLES = ("monthly", "yearly", "usage")
PROFILE_STATUSES = ("active", "suspended", "cancelled")
VAT_MODES = ("normal", "reverse")
STATUSES = ("draft", "issued", "pushed", "failed")


class BillingProfile(db.Model):  # type: ignore[name-defined]
    """To whom an editor's statements go, and how he is billed. He writes his contact and address himself; a trigger keeps the rest."""

    __tablename__ = "billing_profiles"
    __table_args__ = (
        CheckConstraint("cycle IN ('monthly', 'yearly', 'usage')", name="cycle"),
        CheckConstraint("status IN ('active', 'suspended', 'cancelled')", name="status"),
        CheckConstraint("vat_mode IN ('normal', 'reverse')", name="vat_mode"),
        CheckConstraint("renewal_month BETWEEN 1 AND 12", name="renewal_month"),
        CheckConstraint("agreed_price_month >= 0", name="agreed_price_month"),
        {"info": {"rls": Policy(by_role(editeur="editor_id"), insert=STAFF, delete=STAFF)}},
    )

    editor_id: Mapped[str] = mapped_column(Text, ForeignKey("users.id"), primary_key=True)
    contact_name: Mapped[str] = mapped_column(Text, default="")
    billing_email: Mapped[str] = mapped_column(Text)
    address_line1: Mapped[str] = mapped_column(Text, default="")
    address_line2: Mapped[str] = mapped_column(Text, default="")
    postcode: Mapped[str] = mapped_column(Text, default="")
    city: Mapped[str] = mapped_column(Text, default="")
    country: Mapped[str] = mapped_column(Text, default="FR", doc="ISO 3166, two letters.")
    siret: Mapped[str | None] = mapped_column(Text)
    vat_number: Mapped[str | None] = mapped_column(Text)
    vat_mode: Mapped[str] = mapped_column(Text, default="normal", doc="reverse: the customer accounts for the VAT (autoliquidation).")
    cycle: Mapped[str] = mapped_column(Text, default="monthly")
    renewal_month: Mapped[int] = mapped_column(Integer, default=1, doc="The month whose statement bears a yearly plan.")
    agreed_price_month: Mapped[Decimal | None] = mapped_column(Money, doc="Replaces the plan's price.")
    first_month: Mapped[str] = mapped_column(Text, default=clock.paris_month, doc="YYYY-MM: the first month that is billed.")
    status: Mapped[str] = mapped_column(Text, default="active")
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = created()


class BillingNote(db.Model):  # type: ignore[name-defined]
    """What the platform notes about an editor's billing: its staff only, so a row of its own."""

    __tablename__ = "billing_notes"
    __table_args__ = ({"info": {"rls": Policy(STAFF)}},)

    editor_id: Mapped[str] = mapped_column(Text, ForeignKey("users.id"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = created()


class BillingIssuer(db.Model):  # type: ignore[name-defined]
    """Who issues the statements: the company that runs the platform. One row."""

    __tablename__ = "billing_issuer"
    __table_args__ = (CheckConstraint("id = 'issuer'", name="single"), {"info": {"rls": Policy(STAFF)}})

    id: Mapped[str] = mapped_column(Text, primary_key=True, default="issuer")
    name: Mapped[str] = mapped_column(Text)
    legal: Mapped[str] = mapped_column(Text, default="", doc="Legal form, capital, register.")
    address_line1: Mapped[str] = mapped_column(Text, default="")
    address_line2: Mapped[str] = mapped_column(Text, default="")
    postcode: Mapped[str] = mapped_column(Text, default="")
    city: Mapped[str] = mapped_column(Text, default="")
    country: Mapped[str] = mapped_column(Text, default="FR")
    siret: Mapped[str | None] = mapped_column(Text)
    vat_number: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text, default="")
    updated_at: Mapped[datetime] = created()


class VatRate(db.Model):  # type: ignore[name-defined]
    """The normal rate of VAT from a day on (FIELD.md: every rate as data with its validity)."""

    __tablename__ = "billing_vat_rates"
    __table_args__ = (CheckConstraint("rate BETWEEN 0 AND 100", name="rate"), {"info": {"rls": Policy(STAFF)}})

    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric(5, 2), doc="Per cent.")


class Statement(db.Model):  # type: ignore[name-defined]
    """What one editor owes for one Paris month, or the credit note that undoes it. Once issued, a trigger keeps what it says."""

    __tablename__ = "statements"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'issued', 'pushed', 'failed')", name="status"),
        CheckConstraint("kind IN ('statement', 'credit')", name="kind"),
        CheckConstraint("(status = 'draft') = (number IS NULL)", name="numbered"),
        CheckConstraint("push_state IN ('queued', 'running')", name="push_state"),
        UniqueConstraint("year", "sequence"),
        Index("uq_statements_month", "editor_id", "month", unique=True, postgresql_where="kind = 'statement' AND corrected_at IS NULL"),
        Index("uq_statements_corrects_id", "corrects_id", unique=True, postgresql_where="corrects_id IS NOT NULL"),
        Index(None, "created_at", "id"),
        {"info": {"rls": Policy(by_role(editeur="(editor_id = app_account() AND status <> 'draft')"), write=STAFF)}},
    )

    id: Mapped[str] = primary_id("stm")
    editor_id: Mapped[str] = mapped_column(Text, ForeignKey("users.id"))
    month: Mapped[str] = mapped_column(Text, doc="YYYY-MM in Paris.")
    kind: Mapped[str] = mapped_column(Text, default="statement")
    status: Mapped[str] = mapped_column(Text, default="draft")
    number: Mapped[str | None] = mapped_column(Text, unique=True)
    year: Mapped[int | None] = mapped_column(Integer)
    sequence: Mapped[int | None] = mapped_column(Integer)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, doc="`statement_lines.Line`, amounts as text.")
    vat: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list, doc="[{rate, base, amount}], as text.")
    total_ht: Mapped[Decimal] = mapped_column(Money, default=Decimal("0.00"))
    total_vat: Mapped[Decimal] = mapped_column(Money, default=Decimal("0.00"))
    total_ttc: Mapped[Decimal] = mapped_column(Money, default=Decimal("0.00"))
    seller: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    buyer: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    corrects_id: Mapped[str | None] = mapped_column(Text, ForeignKey("statements.id"), doc="The statement this credit note undoes.")
    corrected_at: Mapped[datetime | None]
    issued_at: Mapped[datetime | None]
    hash: Mapped[str | None] = mapped_column(Text, doc="SHA-256 of all that was frozen.")
    pdf_key: Mapped[str | None] = mapped_column(Text)
    mailed_at: Mapped[datetime | None]
    mailed_to: Mapped[str | None] = mapped_column(Text)
    pushed_ref: Mapped[str | None] = mapped_column(Text, doc="The invoice's number there, or its id while it has none.")
    pushed_at: Mapped[datetime | None]
    push_state: Mapped[str | None] = mapped_column(Text)
    push_attempts: Mapped[int] = mapped_column(Integer, default=0)
    push_due_at: Mapped[datetime | None] = mapped_column(doc="When a queued push is tried, or when the claim of a running one ends.")
    created_at: Mapped[datetime] = created()
    drafted_at: Mapped[datetime] = created()

    @property
    def vat_lines(self) -> list[VatLine]:
        """The VAT by rate, as figures."""
        return [VatLine(Decimal(row["rate"]), Decimal(row["base"]), Decimal(row["amount"])) for row in self.vat]


class StatementPush(db.Model):  # type: ignore[name-defined]
    """One try to tell the accounting system."""

    __tablename__ = "statement_pushes"
    __table_args__ = (Index(None, "statement_id", "created_at"), {"info": {"rls": Policy(STAFF)}})

    id: Mapped[str] = primary_id("psh")
    statement_id: Mapped[str] = mapped_column(Text, ForeignKey("statements.id", ondelete="CASCADE"))
    attempt: Mapped[int] = mapped_column(Integer)
    ok: Mapped[bool] = mapped_column(Boolean)
    said_fr: Mapped[str] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(Text)
    duration_ms: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = created()


class AccountingSettings(db.Model):  # type: ignore[name-defined]
    """Where Dolibarr answers, and its sealed key, which no page shows. One row."""

    __tablename__ = "accounting_settings"
    __table_args__ = (CheckConstraint("id = 'dolibarr'", name="single"), {"info": {"rls": Policy(STAFF)}})

    id: Mapped[str] = mapped_column(Text, primary_key=True, default="dolibarr")
    base_url: Mapped[str] = mapped_column(Text)
    sealed_key: Mapped[str | None] = mapped_column(Text)
    product_id: Mapped[int | None] = mapped_column(Integer, doc="The service of Dolibarr that lines name, with its accounts.")
    validates: Mapped[bool] = mapped_column(Boolean, default=True, doc="Invoices are validated there; else they stay drafts.")
    tested_at: Mapped[datetime | None]
    test_ok: Mapped[bool | None] = mapped_column(Boolean)
    test_said: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = created()
