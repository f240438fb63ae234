"""Billing profiles, monthly statements and their push to an accounting system."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.rls import protect

revision = "0026"
down_revision = "0025"

STAFF = "app_staff()"
OWN = "app_staff() OR CASE WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() ELSE false END"
OWN_ISSUED = (
    "app_staff() OR CASE WHEN app_kind() = 'user' AND app_role() = 'editeur' "
    "THEN (editor_id = app_account() AND status <> 'draft') ELSE false END"
)
AFTERWARDS = (
    "status",
    "pdf_key",
    "corrected_at",
    "mailed_at",
    "mailed_to",
    "pushed_ref",
    "pushed_at",
    "push_state",
    "push_attempts",
    "push_due_at",
)
"""What may still change once a statement is issued."""
TERMS = ("editor_id", "vat_mode", "cycle", "renewal_month", "agreed_price_month", "first_month", "status", "created_at")
"""What only the platform's staff says of an editor's billing."""


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _when(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _who()
    _statements()
    _pushing()
    for table in ("billing_notes", "billing_issuer", "billing_vat_rates", "statement_pushes", "accounting_settings"):
        protect(table, read=STAFF)
    protect("billing_profiles", read=OWN, insert=STAFF, delete=STAFF)
    protect("statements", read=OWN_ISSUED, write=STAFF)
    _kept()


def _who() -> None:
    op.create_table(
        "billing_profiles",
        *(_text(name) for name in ("editor_id", "contact_name", "billing_email", "address_line1", "address_line2")),
        *(_text(name) for name in ("postcode", "city", "country")),
        _text("siret", nullable=True),
        _text("vat_number", nullable=True),
        _text("vat_mode"),
        _text("cycle"),
        sa.Column("renewal_month", sa.Integer(), nullable=False),
        sa.Column("agreed_price_month", sa.Numeric(12, 2), nullable=True),
        _text("first_month"),
        _text("status"),
        _when("created_at"),
        _when("updated_at"),
        sa.CheckConstraint("cycle IN ('monthly', 'yearly', 'usage')", name=op.f("ck_billing_profiles_cycle")),
        sa.CheckConstraint("status IN ('active', 'suspended', 'cancelled')", name=op.f("ck_billing_profiles_status")),
        sa.CheckConstraint("vat_mode IN ('normal', 'reverse')", name=op.f("ck_billing_profiles_vat_mode")),
        sa.CheckConstraint("renewal_month BETWEEN 1 AND 12", name=op.f("ck_billing_profiles_renewal_month")),
        sa.CheckConstraint("agreed_price_month >= 0", name=op.f("ck_billing_profiles_agreed_price_month")),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"], name=op.f("fk_billing_profiles_editor_id_users")),
        sa.PrimaryKeyConstraint("editor_id", name=op.f("pk_billing_profiles")),
    )
    op.create_table(
        "billing_notes",
        _text("editor_id"),
        _text("text"),
        _when("updated_at"),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"], name=op.f("fk_billing_notes_editor_id_users")),
        sa.PrimaryKeyConstraint("editor_id", name=op.f("pk_billing_notes")),
    )
    op.create_table(
        "billing_issuer",
        *(_text(name) for name in ("id", "name", "legal", "address_line1", "address_line2", "postcode", "city", "country")),
        _text("siret", nullable=True),
        _text("vat_number", nullable=True),
        _text("email"),
        _when("updated_at"),
        sa.CheckConstraint("id = 'issuer'", name=op.f("ck_billing_issuer_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_issuer")),
    )
    rates = op.create_table(
        "billing_vat_rates",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(5, 2), nullable=False),
        sa.CheckConstraint("rate BETWEEN 0 AND 100", name=op.f("ck_billing_vat_rates_rate")),
        sa.PrimaryKeyConstraint("valid_from", name=op.f("pk_billing_vat_rates")),
    )
    op.bulk_insert(rates, [{"valid_from": date(2014, 1, 1), "rate": Decimal("20.00")}])


def _statements() -> None:
    op.create_table(
        "statements",
        *(_text(name) for name in ("id", "editor_id", "month", "kind", "status")),
        _text("number", nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        *(sa.Column(name, JSONB(), nullable=False) for name in ("lines", "vat")),
        *(sa.Column(name, sa.Numeric(12, 2), nullable=False) for name in ("total_ht", "total_vat", "total_ttc")),
        *(sa.Column(name, JSONB(), nullable=False) for name in ("seller", "buyer")),
        _text("corrects_id", nullable=True),
        _when("corrected_at", nullable=True),
        _when("issued_at", nullable=True),
        _text("hash", nullable=True),
        _text("pdf_key", nullable=True),
        _when("mailed_at", nullable=True),
        _text("mailed_to", nullable=True),
        _text("pushed_ref", nullable=True),
        _when("pushed_at", nullable=True),
        _text("push_state", nullable=True),
        sa.Column("push_attempts", sa.Integer(), nullable=False),
        _when("push_due_at", nullable=True),
        _when("created_at"),
        _when("drafted_at"),
        sa.CheckConstraint("status IN ('draft', 'issued', 'pushed', 'failed')", name=op.f("ck_statements_status")),
        sa.CheckConstraint("kind IN ('statement', 'credit')", name=op.f("ck_statements_kind")),
        sa.CheckConstraint("(status = 'draft') = (number IS NULL)", name=op.f("ck_statements_numbered")),
        sa.CheckConstraint("push_state IN ('queued', 'running')", name=op.f("ck_statements_push_state")),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"], name=op.f("fk_statements_editor_id_users")),
        sa.ForeignKeyConstraint(["corrects_id"], ["statements.id"], name=op.f("fk_statements_corrects_id_statements")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
        sa.UniqueConstraint("number", name=op.f("uq_statements_number")),
        sa.UniqueConstraint("year", "sequence", name=op.f("uq_statements_year_sequence")),
    )
    live = sa.text("kind = 'statement' AND corrected_at IS NULL")
    op.create_index("uq_statements_month", "statements", ["editor_id", "month"], unique=True, postgresql_where=live)
    undone = sa.text("corrects_id IS NOT NULL")
    op.create_index("uq_statements_corrects_id", "statements", ["corrects_id"], unique=True, postgresql_where=undone)
    op.create_index(op.f("ix_statements_created_at_id"), "statements", ["created_at", "id"])


def _pushing() -> None:
    op.create_table(
        "statement_pushes",
        _text("id"),
        _text("statement_id"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        _text("said_fr"),
        _text("reference", nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        _when("created_at"),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.id"], name=op.f("fk_statement_pushes_statement_id_statements"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_pushes")),
    )
    op.create_index(op.f("ix_statement_pushes_statement_id_created_at"), "statement_pushes", ["statement_id", "created_at"])
    op.create_table(
        "accounting_settings",
        _text("id"),
        _text("base_url"),
        _text("sealed_key", nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("validates", sa.Boolean(), nullable=False),
        _when("tested_at", nullable=True),
        sa.Column("test_ok", sa.Boolean(), nullable=True),
        _text("test_said", nullable=True),
        _when("updated_at"),
        sa.CheckConstraint("id = 'dolibarr'", name=op.f("ck_accounting_settings_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounting_settings")),
    )


def _kept() -> None:
    """An issued statement says for ever what it said; an editor writes of his profile only whom to write to, and where."""
    after = ", ".join(f"'{column}'" for column in AFTERWARDS)
    frozen = f"OLD.status <> 'draft' AND (NEW.status = 'draft' OR to_jsonb(OLD) - ARRAY[{after}] IS DISTINCT FROM to_jsonb(NEW) - ARRAY[{after}])"
    op.execute(f"CREATE TRIGGER keep_issued BEFORE UPDATE ON statements FOR EACH ROW WHEN ({frozen}) EXECUTE FUNCTION refuse_change()")
    op.execute(
        "CREATE TRIGGER keep_existing BEFORE DELETE ON statements FOR EACH ROW "
        "WHEN (app_kind() IS NOT NULL AND OLD.status <> 'draft') EXECUTE FUNCTION refuse_change()"
    )
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in TERMS)
    op.execute(
        "CREATE TRIGGER keep_terms BEFORE UPDATE ON billing_profiles FOR EACH ROW "
        f"WHEN (app_kind() IS NOT NULL AND NOT app_staff() AND ({changed})) EXECUTE FUNCTION refuse_change()"
    )
