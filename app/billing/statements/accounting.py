"""Where statements are pushed: the address of Dolibarr and its key, written only, tested on demand."""

from __future__ import annotations

import re

from app.audit.service import record
from app.billing.statements.dolibarr import Dolibarr, DolibarrError
from app.billing.statements.models import AccountingSettings
from app.core import clock
from app.core.crypto import UnsealError, seal, unseal
from app.core.errors import ConflictError, InvalidError
from app.core.http import HttpFailure, outbound
from app.core.transaction import release
from app.core.urls import BlockedAddressError, read_url
from app.extensions import db

PURPOSE = "dolibarr-key"
_KEY = re.compile(r"[\x21-\x7e]{8,200}")


def accounting_settings() -> AccountingSettings | None:
    """What is set, if anything is."""
    return db.session.get(AccountingSettings, "dolibarr")


def save_accounting(base_url: str, api_key: str, product_id: int | None, *, validates: bool) -> AccountingSettings:
    """Keep where Dolibarr answers. An empty key keeps the one there is, unless the host changes. Raises InvalidError by field.

    A key is never sent to another host than the one it was saved with (PRODUCT.md, Rulings).
    """
    address, key = _address(base_url), api_key.strip()
    found = accounting_settings()
    errors: dict[str, list[str]] = {}
    if key and not _KEY.fullmatch(key):
        errors["api_key"] = ["Une clé de Dolibarr n’a ni espace ni accent, et au moins 8 caractères."]
    elif not key and (found is None or not found.sealed_key):
        errors["api_key"] = ["Écrivez la clé d’API d’un utilisateur de Dolibarr."]
    elif not key and found is not None and _origin(found.base_url) != _origin(address):
        errors["api_key"] = ["L’adresse change d’hôte : écrivez la clé à nouveau."]
    if product_id is not None and product_id < 1:
        errors["product_id"] = ["Écrivez l’identifiant d’un service de Dolibarr, ou laissez vide."]
    if errors:
        raise InvalidError("La liaison est à corriger.", errors)
    if found is None:
        found = AccountingSettings(base_url=address)
        db.session.add(found)
    if key:
        found.sealed_key = seal(key.encode(), purpose=PURPOSE)
    if key or found.base_url != address:
        found.tested_at = found.test_ok = found.test_said = None
    found.base_url, found.product_id, found.validates, found.updated_at = address, product_id, validates, clock.now()
    db.session.flush()
    record("accounting.saved", None, host=read_url(address).host, key_changed=bool(key))
    return found


def forget_accounting() -> None:
    """Forget the address and the key; invoices made there stay."""
    found = accounting_settings()
    if found is not None:
        db.session.delete(found)
        db.session.flush()
        record("accounting.forgotten")


def check_connection() -> tuple[bool, str]:
    """Ask Dolibarr who it is and what the key may do, outside of the transaction; kept with its date. Raises ConflictError when nothing is set."""
    client = client_for(accounting_settings())
    release()
    try:
        version = client.version()
        client.check_rights()
    except DolibarrError as error:
        ok, said = False, error.message_fr
    else:
        ok, said = True, f"Dolibarr {version} répond, et la clé lit tiers et factures."
    found = accounting_settings()
    if found is not None:
        found.tested_at, found.test_ok, found.test_said = clock.now(), ok, said
    record("accounting.tested", None, ok=ok)
    return ok, said


def client_for(found: AccountingSettings | None) -> Dolibarr:
    """The client of the installation that is set. Raises ConflictError when none is, or when its key cannot be opened any more."""
    if found is None or not found.sealed_key:
        raise ConflictError("Dolibarr n’est pas encore relié.", code="no_accounting")
    try:
        key = unseal(found.sealed_key, purpose=PURPOSE).decode()
    except UnsealError:
        raise ConflictError("La clé de Dolibarr ne s’ouvre plus avec la clé maîtresse : écrivez-la à nouveau.", code="key_lost") from None
    return Dolibarr(found.base_url, key, outbound())


def reseal_key() -> bool:
    """Seal the key anew with the first master key (rotation). True when there was one."""
    found = accounting_settings()
    if found is None or not found.sealed_key:
        return False
    found.sealed_key = seal(unseal(found.sealed_key, purpose=PURPOSE), purpose=PURPOSE)
    return True


def _origin(url: str) -> tuple[str, str, int]:
    parsed = read_url(url)
    return parsed.scheme, parsed.host, parsed.port


def _address(text: str) -> str:
    """The address without its end `/api/index.php`, checked as the guarded client will. Raises InvalidError."""
    bare = re.sub(r"(/api(/index\.php)?)?/*$", "", text.strip())
    try:
        outbound().resolve(bare)
        parsed = read_url(bare)
    except BlockedAddressError as error:
        raise InvalidError("L’adresse est à corriger.", {"base_url": [error.message_fr]}) from None
    except HttpFailure as error:
        raise InvalidError("L’adresse est à corriger.", {"base_url": [error.message_fr]}) from None
    return parsed.text.partition("?")[0].rstrip("/")
