"""Billing for tests: a profile, an issuer, a plan, days of calls. Call inside `committing()`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.agents.models import Agent
from app.billing.models import Plan, Subscription, UsageDay
from app.billing.statements.issuer import IssuerValues, save_issuer
from app.billing.statements.models import BillingProfile
from app.billing.statements.profiles import BillingTerms, Contact, save_profile
from app.extensions import db
from app.identity.models import User
from tests.factories import make_user

SIRET = "73282932000074"
DECEMBER = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
"""Five o'clock in Paris on 1 December."""


def contact(**values: str) -> Contact:
    """A complete French customer."""
    shown = {
        "contact_name": "Mme Durand",
        "billing_email": "compta@ebp.example",
        "address_line1": "Rue de Cutesson",
        "address_line2": "",
        "postcode": "78120",
        "city": "Rambouillet",
        "country": "FR",
        "siret": SIRET,
        "vat_number": "",
    }
    return Contact(**(shown | values))


def make_issuer() -> None:
    """The company that runs the platform."""
    save_issuer(
        IssuerValues(
            name="AI-Manager SAS",
            legal="SAS au capital de 10 000 €, RCS Lyon",
            address_line1="4 quai des Mariniers",
            address_line2="",
            postcode="69002",
            city="Lyon",
            country="FR",
            siret=SIRET,
            vat_number="FR40303265045",
            email="compta@aimanager.example",
        )
    )


def make_billed(plan: str | None = "pro", *, customer: Contact | None = None, **terms: Any) -> tuple[User, BillingProfile]:
    """An editor with a plan since October 2026, whose billing is open."""
    editor = make_user("editeur")
    if plan:
        found = db.session.scalars(select(Plan).where(Plan.slug == plan)).one()
        db.session.add(Subscription(editor_id=editor.id, plan_id=found.id, since=datetime(2026, 10, 5, tzinfo=UTC)))
        db.session.flush()
    profile = save_profile(editor.id, customer or contact(), BillingTerms(**({"first_month": "2026-10"} | terms)))
    return editor, profile


def use(editor: User, cost: str, *, day: date = date(2026, 11, 10), model: str = "gpt-4o-mini", paid_by: str = "", **values: Any) -> None:
    """A day of calls of an editor's visitors, as the folding writes it."""
    agent = db.session.scalars(select(Agent).where(Agent.slug == "expert-btp")).one()
    db.session.add(
        UsageDay(
            **{
                "editor_id": editor.id,
                "day": day,
                "agent_id": agent.id,
                "artisan_id": "",
                "deployment_id": "",
                "provider": "openai",
                "model": model,
                "purpose": "reply",
                "paid_by": paid_by,
                "calls": 12,
                "failures": 0,
                "prompt_tokens": 9000,
                "completion_tokens": 1000,
                "estimated_calls": 0,
                "cost_eur": Decimal(cost),
                "latency_ms_sum": 12_000,
                "last_at": DECEMBER,
                **values,
            }
        )
    )
    db.session.flush()
