"""Providers' keys: given, replaced, deleted; never shown again. A key goes only to the address that it was saved with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select, update

from app.audit.service import record
from app.core import clock
from app.core.errors import InvalidError, NotFoundError
from app.core.transaction import after_commit
from app.extensions import db
from app.llm import resolving
from app.llm.addressing import check_address
from app.llm.catalogue import provider_by_key
from app.llm.models import ActiveModel, Credential, Provider
from app.llm.owning import lock_owner
from app.llm.sealing import seal_key, unseal_key

_KEY = re.compile(r"[\x21-\x7e]{1,4000}")
_BOUND = "Saisissez la clé de nouveau : elle n’est jamais envoyée à une autre adresse que celle avec laquelle elle a été enregistrée."


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """Whether a provider can be called, where, and what the last test said. `has_key` is False for a server that asks for none."""

    provider: str
    name: str
    configured: bool
    has_key: bool
    needs_key: bool
    base_url: str | None
    own_address: bool
    tested_at: datetime | None
    ok: bool | None
    error_fr: str | None


def key_statuses(owner_id: str | None) -> list[KeyStatus]:
    """Each provider in service, in order, with what the owner set there."""
    mine = and_(Credential.provider_id == Provider.id, Credential.owner_id.is_not_distinct_from(owner_id))
    columns = (
        Provider.key,
        Provider.name,
        Provider.needs_key,
        Provider.base_url.label("usual_url"),
        Credential.id,
        Credential.base_url,
        Credential.sealed_key.is_not(None).label("has_key"),
        Credential.last_test_at,
        Credential.last_test_ok,
        Credential.last_test_error,
    )
    rows = db.session.execute(
        select(*columns).outerjoin(Credential, mine).where(Provider.is_active).order_by(Provider.position, Provider.name)
    )
    return [
        KeyStatus(
            provider=row.key,
            name=row.name,
            configured=row.id is not None or row.key == "local",
            has_key=bool(row.id and row.has_key),
            needs_key=row.needs_key,
            base_url=row.base_url or row.usual_url,
            own_address=row.base_url is not None and row.base_url != row.usual_url,
            tested_at=row.last_test_at,
            ok=row.last_test_ok,
            error_fr=row.last_test_error,
        )
        for row in rows
    ]


def set_key(owner_id: str | None, provider_key: str, api_key: str, base_url: str | None = None) -> Credential:
    """Keep a key for a provider, in place of the one before. `base_url`: None leaves the address as it is, "" is the provider's own.

    Without a key, what is there already stays, for the same address only. Raises InvalidError (`api_key`, `base_url`), NotFoundError.
    """
    provider = provider_by_key(provider_key)
    if provider.key == "local":
        raise InvalidError("Le moteur local n’a pas de clé.", {"provider": ["Le moteur local n’a pas de clé."]})
    lock_owner(owner_id)
    held = _held(owner_id, provider)
    errors: dict[str, list[str]] = {}
    address = _address(owner_id, provider, held, base_url, errors)
    key = api_key.strip()
    if key and not _KEY.fullmatch(key):
        errors["api_key"] = ["Cette clé contient un espace, un accent ou un caractère qu’aucun fournisseur n’accepte."]
    elif not key and held and held.sealed_key and held.base_url != address and "base_url" not in errors:
        errors["api_key"] = [_BOUND]
    elif not key and provider.needs_key and not (held and held.sealed_key):
        errors["api_key"] = ["Saisissez la clé."]
    if errors:
        raise InvalidError("La clé n’a pas été enregistrée.", errors)
    if held is None:
        held = Credential(owner_id=owner_id, provider_id=provider.id, provider=provider)
        db.session.add(held)
    held.base_url = address
    if key:
        held.sealed_key = seal_key(key, owner_id, provider.key, address)
    held.updated_at = clock.now()
    held.last_test_at = held.last_test_ok = held.last_test_error = None
    db.session.flush()
    _untested(owner_id, provider.id)
    after_commit(resolving.forget)
    record("ai_key.set", held.id, provider=provider.key, host=address.split("/")[2])
    return held


def delete_key(owner_id: str | None, provider_key: str) -> None:
    """Forget a key, at once and for good. Raises NotFoundError."""
    provider = provider_by_key(provider_key, with_inactive=True)
    lock_owner(owner_id)
    held = _held(owner_id, provider)
    if held is None:
        raise NotFoundError("Aucune clé n’est enregistrée pour ce fournisseur.")
    db.session.delete(held)
    db.session.flush()
    _untested(owner_id, provider.id)
    after_commit(resolving.forget)
    record("ai_key.deleted", held.id, provider=provider.key)


def reseal_all() -> int:
    """Seal every key again under the newest master key; how many. Afterwards the older master keys may go."""
    held = db.session.execute(select(Credential, Provider.key).join(Provider).where(Credential.sealed_key.is_not(None)).with_for_update())
    count = 0
    for credential, provider in held:
        parts = (credential.owner_id, provider, credential.base_url)
        credential.sealed_key = seal_key(unseal_key(credential.sealed_key, *parts), *parts)
        count += 1
    db.session.flush()
    record("ai_key.resealed", None, count=count)
    return count


def _held(owner_id: str | None, provider: Provider) -> Credential | None:
    mine = select(Credential).where(Credential.owner_id.is_not_distinct_from(owner_id), Credential.provider_id == provider.id)
    return db.session.scalar(mine.execution_options(populate_existing=True))


def _address(owner_id: str | None, provider: Provider, held: Credential | None, given: str | None, errors: dict[str, list[str]]) -> str:
    if given is None and held:
        return held.base_url
    text = (given or "").strip()
    if not text or text.rstrip("/") == provider.base_url:
        if provider.base_url is None:
            errors["base_url"] = ["Indiquez l’adresse du serveur, comme https://serveur.exemple.fr/v1."]
        return provider.base_url or ""
    return check_address(text, errors, trusted=owner_id is None)


def _untested(owner_id: str | None, provider_id: str) -> None:
    """What was tested with another key says nothing any more."""
    theirs = update(ActiveModel).where(ActiveModel.owner_id.is_not_distinct_from(owner_id), ActiveModel.provider_id == provider_id)
    db.session.execute(theirs.values(tested_at=None, test_ok=None, test_latency_ms=None, test_error=None))
