"""What the platform watches of new domains: those that wait for it, and those that two editors claim (003 §11, §13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app.audit.service import record
from app.core import clock
from app.core.acting import platform
from app.core.errors import NotFoundError
from app.core.ids import new_id
from app.core.transaction import transaction
from app.deployments.domain_models import DomainClaim
from app.deployments.models import AllowedDomain, Deployment
from app.deployments.queries import domain_text
from app.extensions import db
from app.identity.models import User
from app.identity.staff import administrators
from app.notifications.service import notify

log = structlog.get_logger(__name__)
LOST_AFTER = timedelta(minutes=1)
BATCH = 200
PAGE = "/admin/domaines"


@dataclass(frozen=True, slots=True)
class Holder:
    """A domain that covers a claimed host, with where it stands."""

    domain: AllowedDomain
    deployment: Deployment


@dataclass(frozen=True, slots=True)
class Claimed:
    """An open claim: the host, and each editor with his domains that cover it."""

    claim: DomainClaim
    sides: list[tuple[User, list[Holder]]]


def watch(domain_id: str) -> None:
    """Look at a new domain, once: tell the administrators when it waits for them, or when another editor holds it too."""
    with transaction(platform("sweep")):
        domain = db.session.scalar(
            update(AllowedDomain)
            .where(AllowedDomain.id == domain_id, AllowedDomain.watched_at.is_(None))
            .values(watched_at=clock.now())
            .returning(AllowedDomain)
        )
        if domain is None or domain.editor_id is None or domain.environment == "localhost":
            return
        if domain.status == "waiting":
            _tell_waiting(domain)
        for other_id, host in _others(domain):
            _claim(host, domain.editor_id, other_id)


def watch_missed() -> None:
    """Look at the domains whose job was lost, or that were there before anybody looked."""
    with transaction(platform("sweep")):
        missed = db.session.scalars(
            select(AllowedDomain.id)
            .where(AllowedDomain.watched_at.is_(None), AllowedDomain.created_at < clock.now() - LOST_AFTER)
            .order_by(AllowedDomain.created_at)
            .limit(BATCH)
        ).all()
    for domain_id in missed:
        watch(domain_id)


def waiting_domains() -> list[tuple[AllowedDomain, Deployment, User]]:
    """The domains that an administrator must validate, the oldest first."""
    rows = db.session.execute(
        select(AllowedDomain, Deployment, User)
        .join(Deployment, Deployment.id == AllowedDomain.deployment_id)
        .join(User, User.id == AllowedDomain.editor_id)
        .where(AllowedDomain.status == "waiting")
        .order_by(AllowedDomain.created_at, AllowedDomain.id)
        .limit(BATCH)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def open_claims() -> list[Claimed]:
    """The hosts that two editors still allow and nobody has looked at, the newest first."""
    first, second = aliased(User), aliased(User)
    rows = db.session.execute(
        select(DomainClaim, first, second)
        .join(first, first.id == DomainClaim.first_editor_id)
        .join(second, second.id == DomainClaim.second_editor_id)
        .where(*_still_open())
        .order_by(DomainClaim.found_at.desc(), DomainClaim.id)
        .limit(BATCH)
    ).all()
    return [Claimed(row[0], [(editor, _holders(editor.id, row[0].host)) for editor in (row[1], row[2])]) for row in rows]


def to_handle() -> int:
    """How many domains and claims wait for an administrator."""
    waiting = select(func.count()).where(AllowedDomain.status == "waiting").scalar_subquery()
    claims = select(func.count()).where(*_still_open()).scalar_subquery()
    return db.session.scalar(select(waiting + claims)) or 0


def settle_claim(claim_id: str) -> DomainClaim:
    """Say that two editors may both allow the host. Raises NotFoundError."""
    claim = db.session.get(DomainClaim, claim_id)
    if claim is None:
        raise NotFoundError()
    claim.settled_at = clock.now()
    record("domain.claim_settled", claim.id, name=claim.host)
    return claim


def _covers(host: Any) -> ColumnElement[bool]:
    """Domains whose pages include the host or stand below it."""
    below = func.right(host, func.length(AllowedDomain.host) + 1) == "." + AllowedDomain.host
    return or_(AllowedDomain.host == host, AllowedDomain.is_wildcard & below)


def _still_open() -> tuple[ColumnElement[bool], ...]:
    """A claim nobody has looked at, and whose host both editors still hold."""
    sides = (DomainClaim.first_editor_id, DomainClaim.second_editor_id)
    held = (exists().where(AllowedDomain.editor_id == side, _covers(DomainClaim.host), *_standing()) for side in sides)
    return DomainClaim.settled_at.is_(None), *held


def _others(domain: AllowedDomain) -> list[tuple[str, str]]:
    """Every other editor who allows some of the domain's pages, with the narrower host of the two."""
    covered: list[ColumnElement[bool]] = [_covers(literal(domain.host))]
    if domain.is_wildcard:
        covered.append(func.right(AllowedDomain.host, len(domain.host) + 1) == f".{domain.host}")
    rows = db.session.execute(
        select(AllowedDomain.editor_id, AllowedDomain.host, AllowedDomain.is_wildcard).where(
            or_(*covered), AllowedDomain.editor_id.is_not(None), AllowedDomain.editor_id != domain.editor_id, *_standing()
        )
    )
    found: dict[str, str] = {}
    for editor_id, host, wildcard in rows:
        # `*.exemple.fr` does not hold exemple.fr itself: one at the very host is no claim on the other.
        if host != domain.host or wildcard == domain.is_wildcard:
            found.setdefault(editor_id, max(host, domain.host, key=len))
    return list(found.items())


def _standing() -> tuple[ColumnElement[bool], ...]:
    return AllowedDomain.environment != "localhost", AllowedDomain.status != "refused"


def _holders(editor_id: str, host: str) -> list[Holder]:
    rows = db.session.execute(
        select(AllowedDomain, Deployment)
        .join(Deployment, Deployment.id == AllowedDomain.deployment_id)
        .where(AllowedDomain.editor_id == editor_id, _covers(literal(host)), *_standing())
        .order_by(AllowedDomain.host, Deployment.name)
    )
    return [Holder(row[0], row[1]) for row in rows]


def _claim(host: str, one: str, other: str) -> None:
    first, second = sorted((one, other))
    values = {"id": new_id("clm"), "host": host, "first_editor_id": first, "second_editor_id": second, "found_at": clock.now()}
    made = db.session.execute(insert(DomainClaim).values(values).on_conflict_do_nothing().returning(DomainClaim.id)).one_or_none()
    if made is None:
        return
    names = {user.id: user.display_name for user in db.session.scalars(select(User).where(User.id.in_((one, other))))}
    log.warning("domain.claimed_twice", host=host, first=first, second=second)
    record("domain.claimed", made.id, name=host)
    _tell("domain_claimed", f"Deux éditeurs revendiquent {host}", f"{names[one]} vient de l’autoriser ; {names[other]} l’avait déjà.")


def _tell_waiting(domain: AllowedDomain) -> None:
    editor = db.session.get_one(User, domain.editor_id)
    _tell("domain_waiting", f"{domain_text(domain)} attend votre validation", f"{editor.display_name} veut y afficher un assistant.")


def _tell(kind: str, title: str, body: str) -> None:
    for user_id in administrators():
        notify(user_id, kind=kind, title=title, body=body, url=PAGE)
