"""A few numbers about an account's conversations, for its first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select

from app.conversations.lists import of_account
from app.conversations.models import Session
from app.core import clock
from app.core.acting import Actor
from app.extensions import db

PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Figures:
    """Conversations under way now; estimates of the last 30 days, and their sum in euros, VAT included."""

    any: bool
    under_way: int
    estimates: int
    estimated_ttc: Decimal


def figures_of(actor: Actor) -> Figures:
    """The numbers of the acting account, in one query. Conversations without a message do not count."""
    recent = Session.total_ttc.is_not(None) & (Session.last_activity_at >= clock.now() - PERIOD)
    row = db.session.execute(
        select(
            func.count().label("all"),
            func.count().filter(Session.status == "open").label("under_way"),
            func.count().filter(recent).label("estimates"),
            func.coalesce(func.sum(Session.total_ttc).filter(recent), Decimal(0)).label("estimated_ttc"),
        ).where(of_account(Session, actor), Session.status != "deleted", Session.started_at.is_not(None))
    ).one()
    return Figures(row.all > 0, row.under_way, row.estimates, row.estimated_ttc)
