"""Does this key work, and this model? Asked of the provider itself, outside of any transaction, and kept for the diagnostics.

What is said is ours: a provider's own sentences may repeat a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, delete, exists, select, update
from sqlalchemy.orm import joinedload

from app.core import clock
from app.core.transaction import release
from app.extensions import db
from app.llm.catalogue import models_of, provider_by_key
from app.llm.gateway import LOCAL
from app.llm.models import ActiveModel, Credential, Provider, ProviderCheck
from app.llm.probing import Finding, probe_key, probe_model
from app.llm.reading import read
from app.llm.resolving import KEY_COLUMNS, active_statement, choice_at, choice_of

KEPT = 200
"""Checks of one owner that the diagnostics keep."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a test found out; None: it could not be known. `said_fr` is for a page, `error_kind` for a program."""

    success: bool
    api_key_ok: bool | None
    model_accessible: bool | None
    latency_ms: int | None
    error_kind: str | None
    said_fr: str


_READY = CheckResult(True, True, True, 0, None, "Le moteur local est prêt, sans clé.")
_CLOSED = CheckResult(False, None, None, None, "closed", "Ce fournisseur n’est plus proposé : choisissez-en un autre.")


def test_key(owner_id: str | None, provider_key: str) -> CheckResult:
    """Ask a provider whether it takes the owner's key, within 10 s. The open transaction gives its connection back meanwhile, and must
    have written nothing before (`core.transaction.release`).

    Raises NotFoundError for an unknown provider.
    """
    provider = provider_by_key(provider_key)
    provider_id, known = provider.id, [model.key for model in models_of(owner_id, provider.key)]
    mine = and_(Credential.provider_id == Provider.id, Credential.owner_id.is_not_distinct_from(owner_id))
    wanted = select(*KEY_COLUMNS).select_from(Provider).outerjoin(Credential, mine).where(Provider.id == provider_id)
    row = read(wanted, owner_id=owner_id)[0]
    choice = choice_at(row, "", owner_id)
    if choice is None:
        return _keep(owner_id, provider_id, None, "key", _nothing_to_call_with(row))
    if choice == LOCAL:
        return _keep(owner_id, provider_id, None, "key", _READY)
    release()
    result = _result(probe_key(choice, known), needs_model=False)
    _note_key(row, result.success, result)
    return _keep(owner_id, provider_id, None, "key", result)


def test_active(owner_id: str | None, module: str = "global") -> CheckResult:
    """Ask the active model for a word: whether the key is taken, whether the model answers, how fast.

    The open transaction gives its connection back meanwhile, and must have written nothing before.
    """
    row = next(iter(read(active_statement(owner_id, module), owner_id=owner_id)), None)
    if row is None:
        return CheckResult(False, None, None, None, "no_model", "Aucun modèle n’est actif : choisissez-en un.")
    choice = choice_of(row, owner_id) if row.provider_active else None
    if choice is None:
        result = _nothing_to_call_with(row) if row.provider_active else _CLOSED
    elif choice == LOCAL:
        result = _READY
    else:
        release()
        result = _result(probe_model(choice), needs_model=True)
        if result.api_key_ok is not None:
            _note_key(row, result.api_key_ok, result)
    now_active = update(ActiveModel).where(ActiveModel.id == row.active_id, ActiveModel.is_active)
    if row.credential_id is not None:
        # Nothing was found out about a key that took the place of this one meanwhile.
        now_active = now_active.where(exists().where(Credential.id == row.credential_id, Credential.updated_at == row.updated_at))
    db.session.execute(
        now_active.values(
            tested_at=clock.now(),
            test_ok=result.success,
            test_latency_ms=result.latency_ms,
            test_error=None if result.success else result.said_fr,
        )
    )
    return _keep(owner_id, row.provider_id, row.model_key, "config", result)


def history(owner_id: str | None, limit: int = 50) -> Sequence[ProviderCheck]:
    """An owner's last tests, the newest first; their `provider` is at hand."""
    return db.session.scalars(
        select(ProviderCheck)
        .where(ProviderCheck.owner_id.is_not_distinct_from(owner_id))
        .options(joinedload(ProviderCheck.provider))
        .order_by(ProviderCheck.created_at.desc(), ProviderCheck.id.desc())
        .limit(limit)
    ).all()


def _nothing_to_call_with(row: Row[Any]) -> CheckResult:
    if row.sealed_key:
        said = "La clé enregistrée ne peut plus être lue : saisissez-la de nouveau."
    elif row.needs_key:
        said = "Aucune clé n’est enregistrée pour ce fournisseur."
    else:
        said = "Aucune adresse n’est enregistrée pour ce fournisseur."
    return CheckResult(False, False, None, None, "no_key", said)


def _result(finding: Finding, *, needs_model: bool) -> CheckResult:
    success = finding.key_ok is True and finding.error_kind is None and (finding.model_ok is True or not needs_model)
    return CheckResult(success, finding.key_ok, finding.model_ok, finding.latency_ms, finding.error_kind, finding.said_fr)


def _note_key(row: Row[Any], works: bool, result: CheckResult) -> None:
    """Write beside the key what was found, unless another key took its place meanwhile."""
    same = update(Credential).where(Credential.id == row.credential_id, Credential.updated_at == row.updated_at)
    db.session.execute(same.values(last_test_at=clock.now(), last_test_ok=works, last_test_error=None if works else result.said_fr))


def _keep(owner_id: str | None, provider_id: str, model_key: str | None, kind: str, result: CheckResult) -> CheckResult:
    """Add a test to the history, and let the oldest go."""
    check = ProviderCheck(
        owner_id=owner_id,
        provider_id=provider_id,
        model_key=model_key,
        kind=kind,
        ok=result.success,
        api_key_ok=result.api_key_ok,
        model_accessible=result.model_accessible,
        latency_ms=result.latency_ms,
        error_kind=result.error_kind,
        said_fr=result.said_fr,
    )
    db.session.add(check)
    db.session.flush()
    mine = ProviderCheck.owner_id.is_not_distinct_from(owner_id)
    kept = select(ProviderCheck.id).where(mine).order_by(ProviderCheck.created_at.desc(), ProviderCheck.id.desc()).limit(KEPT)
    db.session.execute(delete(ProviderCheck).where(mine, ProviderCheck.id.not_in(kept)), execution_options={"synchronize_session": False})
    return result
