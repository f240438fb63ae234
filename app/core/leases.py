"""Rows that a worker holds for a while: `status` says how far they are, `lease_until` until when they are his."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import select

from app.core import clock
from app.extensions import db

BATCH = 200
Row = TypeVar("Row", bound=Any)


def out_of_lease(model: type[Row], *statuses: str) -> Sequence[Row]:
    """Those whose worker died or whose job was lost, the oldest first, locked; what another sweep has locked is left to it."""
    lost = select(model).where(model.status.in_(statuses), model.lease_until < clock.now())
    return db.session.scalars(lost.order_by(model.lease_until).limit(BATCH).with_for_update(skip_locked=True)).all()
