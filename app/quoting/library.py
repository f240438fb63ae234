"""Loading the platform's price library."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from app.extensions import db
from app.quoting.library_seed import PLATFORM_PRICES
from app.quoting.models import PriceItem


def load_platform_library() -> int:
    """Add the prices that the platform's library does not have yet; those it has are left as they are. Returns how many."""
    known = set(db.session.scalars(select(PriceItem.code).where(PriceItem.owner_id.is_(None))))
    new = [seed for seed in PLATFORM_PRICES if seed.code not in known]
    for seed in new:
        db.session.add(
            PriceItem(
                code=seed.code,
                label=seed.label,
                unit=seed.unit,
                unit_price=Decimal(seed.unit_price),
                vat_rate=Decimal(seed.vat_rate),
                trade=seed.trade,
                keywords=list(seed.keywords),
            )
        )
    db.session.flush()
    return len(new)
