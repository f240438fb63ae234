"""Attempts from pages that are not allowed: noted with counts, shown to the editor, blocked when an address insists (003 §13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, select, text

from app.core import clock
from app.core.acting import door, platform
from app.core.addresses import household
from app.core.crypto import sign
from app.core.text import clean_line
from app.core.throttle import insists, refuse_blocked
from app.core.transaction import release, transaction
from app.deployments.domain_models import OriginRefusal
from app.deployments.origins import LOCAL_HOSTS, Domain, Origin, origin_allowed, parse_origin
from app.extensions import db

log = structlog.get_logger(__name__)
KEPT = timedelta(days=30)
TIMES, WITHIN, BLOCKED = 30, 600, 900
"""So many refusals within so many seconds block an address for so many."""
SHOWN = 50
OTHERS = "*"
"""The origin under which a day's rows beyond the limit are counted (migration 0017)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One origin over the last 30 days. `allowable`: its page can be allowed by adding its domain; `allowed`: it is by now."""

    text: str
    origin: Origin | None
    count: int
    blocks: int
    first_at: datetime
    last_at: datetime
    allowed: bool

    @property
    def allowable(self) -> bool:
        """True for an origin that a domain could admit: a readable one, over https or on this machine."""
        return not self.allowed and self.origin is not None and (self.origin.scheme == "https" or self.origin.host in LOCAL_HOSTS)


def check_address(address: str) -> None:
    """Refuse an address that insisted on a page that is not allowed. Raises LimitError (429)."""
    refuse_blocked(_key(hashed_address(address)))


def refuse_origin(deployment_id: str, origin_header: str | None, address: str) -> None:
    """Note a refused attempt, in a transaction of its own: the request that it refuses rolls back.

    The open transaction gives its connection back first, and must have nothing to write.
    """
    hashed = hashed_address(address)
    blocked = insists(_key(hashed), times=TIMES, seconds=WITHIN, block=BLOCKED)
    refused = _shown(origin_header)
    log.warning("origin.refused", deployment_id=deployment_id, origin=refused, address=hashed, blocked=blocked)
    release()
    with transaction(door()):
        db.session.execute(
            text("SELECT door_refuse_origin(:deployment, :origin, :day, :at, :address, :blocked)"),
            {
                "deployment": deployment_id,
                "origin": refused,
                "day": clock.paris_day(),
                "at": clock.now(),
                "address": hashed,
                "blocked": blocked,
            },
        )


def hashed_address(address: str) -> str:
    """What is kept of an address: a hash under our own key, the same for the same address (or IPv6 household)."""
    return sign(household(address), "refused-address")


def refusals_of(deployment_id: str, domains: Sequence[Domain]) -> list[Refused]:
    """The origins refused in the last 30 days, the latest first, told apart from what `domains` allow by now."""
    last = func.max(OriginRefusal.last_at)
    rows = db.session.execute(
        select(
            OriginRefusal.origin,
            func.sum(OriginRefusal.count).label("count"),
            func.sum(OriginRefusal.blocks).label("blocks"),
            func.min(OriginRefusal.first_at).label("first_at"),
            last.label("last_at"),
        )
        .where(OriginRefusal.deployment_id == deployment_id, OriginRefusal.day > clock.paris_day() - KEPT)
        .group_by(OriginRefusal.origin)
        .order_by(last.desc(), OriginRefusal.origin)
        .limit(SHOWN)
    ).all()
    found = []
    for row in rows:
        origin = parse_origin(row.origin)
        found.append(Refused(row.origin, origin, row.count, row.blocks, row.first_at, row.last_at, origin_allowed(origin, domains)))
    return found


def purge_refusals() -> int:
    """Forget refusals older than 30 days, addresses with them. Returns how many rows."""
    with transaction(platform("retention")):
        gone = db.session.execute(delete(OriginRefusal).where(OriginRefusal.day <= clock.paris_day() - KEPT).returning(OriginRefusal.day))
        return len(gone.all())


def _key(hashed: str) -> str:
    return f"refused-origin:{hashed}"


def _shown(header: str | None) -> str:
    """An origin in its canonical form, else what was sent as one short line."""
    origin = parse_origin(header)
    return origin.text if origin else clean_line(header or "")[:200].replace(OTHERS, "")
