"""Providers' keys: write-only, one's own, bound to their address, and sealed again when the master key changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.audit.models import AuditEntry
from app.core import acting
from app.core.crypto import UnsealError
from app.core.errors import InvalidError, NotFoundError
from app.core.transaction import transaction
from app.extensions import db, settings
from app.llm import catalogue, credentials, resolving
from app.llm.catalogue import ProviderValues
from app.llm.models import Credential
from app.llm.sealing import unseal_key
from app.web.house import House
from app.workers.reseal import reseal
from tests.factories.ai import KEY, Owner


def status(owner: Owner, provider: str) -> credentials.KeyStatus:
    with owner.acting():
        return next(one for one in credentials.key_statuses(owner.id) if one.provider == provider)


def refused(owner: Owner, *args: str | None) -> dict[str, list[str]]:
    with owner.acting(), pytest.raises(InvalidError) as caught:
        credentials.set_key(owner.id, *args)  # type: ignore[arg-type]
    return caught.value.fields


def test_a_key_is_kept_sealed_and_never_told(house: House) -> None:
    editor = Owner("editeur")
    assert not status(editor, "openai").configured
    with editor.acting():
        held = credentials.set_key(editor.id, "openai", f" {KEY} ")
        assert KEY not in repr(held) and KEY not in str(vars(held))
    told = status(editor, "openai")
    assert (told.configured, told.has_key, told.base_url, told.own_address) == (True, True, "https://api.openai.com/v1", False)
    assert KEY not in repr(told)
    with transaction(acting.platform("sweep")):
        rows = [str(db.session.execute(text(f"SELECT t::text FROM {table} t")).all()) for table in ("ai_credentials", "audit_entries")]
        actions = db.session.scalars(select(AuditEntry.action)).all()
    assert not any(KEY in row for row in rows)
    assert "ai_key.set" in actions
    with editor.acting():
        credentials.delete_key(editor.id, "openai")
        with pytest.raises(NotFoundError):
            credentials.delete_key(editor.id, "openai")
    assert not status(editor, "openai").configured


def test_each_has_his_own_key_and_sees_no_other(house: House) -> None:
    admin, editor, other = Owner("admin"), Owner("editeur"), Owner("artisan")
    for owner in (admin, editor):
        with owner.acting():
            credentials.set_key(owner.id, "openai", KEY)
    assert status(admin, "openai").configured and status(editor, "openai").configured
    assert not status(other, "openai").configured
    for owner, seen in ((other, set()), (editor, {editor.id}), (admin, {None, editor.id})):
        with owner.acting():
            assert set(db.session.scalars(select(Credential.owner_id))) == seen
    with other.acting():
        for stranger in (None, editor.id):
            assert all(not one.configured or one.provider == "local" for one in credentials.key_statuses(stranger))
            with pytest.raises(NotFoundError):
                credentials.delete_key(stranger, "openai")
    for stranger in (None, editor.id):
        with pytest.raises(DBAPIError, match="row-level security"), other.acting():
            credentials.set_key(stranger, "openai", KEY)
    visitor = acting.visitor("ses_1", deployment_id="dep_1", editor_id=editor.id)
    with transaction(visitor):
        assert db.session.scalars(select(Credential.id)).all() == []
    with editor.job():
        assert set(db.session.scalars(select(Credential.owner_id))) == {None, editor.id}
    with other.job():
        assert set(db.session.scalars(select(Credential.owner_id))) == {None}


def test_a_key_goes_to_no_other_address_than_its_own(house: House) -> None:
    editor = Owner("editeur")
    with editor.acting():
        credentials.set_key(editor.id, "compatible", KEY, "http://127.0.0.1:9001/v1/")
        credentials.set_key(editor.id, "compatible", "", "http://127.0.0.1:9001/v1")
    assert list(refused(editor, "compatible", "", "http://127.0.0.1:9002/v1")) == ["api_key"]
    assert status(editor, "compatible").base_url == "http://127.0.0.1:9001/v1"
    with editor.acting():
        credentials.set_key(editor.id, "compatible", "sk-autre", "http://127.0.0.1:9002/v1")
        held = db.session.scalars(select(Credential)).one()
        assert unseal_key(held.sealed_key or "", editor.id, "compatible", "http://127.0.0.1:9002/v1") == "sk-autre"
        with pytest.raises(UnsealError):
            unseal_key(held.sealed_key or "", editor.id, "compatible", "http://127.0.0.1:9001/v1")
        with pytest.raises(UnsealError):
            unseal_key(held.sealed_key or "", None, "compatible", "http://127.0.0.1:9002/v1")


def test_a_key_stays_where_it_was_when_staff_moves_the_provider(house: House) -> None:
    admin, editor = Owner("admin"), Owner("editeur")
    editor.use("", "gpt-4o", provider="openai")
    with admin.acting():
        openai = catalogue.provider_by_key("openai")
        catalogue.save_provider(ProviderValues("openai", "OpenAI", "https://relais.exemple.fr/v1"), openai.id)
    with editor.job():
        choice = resolving.account_default(editor.id or "")
    assert choice and choice.base_url == "https://api.openai.com/v1"


@pytest.mark.parametrize(
    "address",
    [
        "https://u:p@api.exemple.fr/v1",
        "https://api.exemple.fr/v1?key=x",
        "file:///etc/passwd",
        "http://169.254.169.254/v1",
        "rien",
        "http://[::]/v1",
    ],
)
def test_an_address_is_checked(house: House, address: str) -> None:
    assert list(refused(Owner("editeur"), "compatible", KEY, address)) == ["base_url"]


def test_in_production_an_account_reaches_public_addresses_only(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(house.config, "SETTINGS", replace(settings(), app_env="production"))
    house.extensions.pop("outbound", None)
    try:
        for address in ("http://127.0.0.1:9001/v1", "https://10.0.0.5/v1", "http://93.184.215.14/v1"):
            assert list(refused(Owner("editeur"), "compatible", KEY, address)) == ["base_url"]
        admin = Owner("admin")
        with admin.acting():
            credentials.set_key(admin.id, "ollama", "", "http://10.0.0.5:11434/v1")
    finally:
        house.extensions.pop("outbound", None)


@pytest.mark.parametrize(
    ("provider", "key", "address", "field"),
    [
        ("openai", "", None, "api_key"),
        ("openai", "clé accentuée", None, "api_key"),
        ("openai", "sk-1\nX: y", None, "api_key"),
        ("compatible", KEY, None, "base_url"),
        ("ollama", "", "", "base_url"),
        ("local", KEY, None, "provider"),
    ],
)
def test_what_is_missing_is_said(house: House, provider: str, key: str, address: str | None, field: str) -> None:
    assert list(refused(Owner("artisan"), provider, key, address)) == [field]


def test_no_key_where_none_is_asked_for(house: House) -> None:
    artisan = Owner("artisan")
    with artisan.acting():
        credentials.set_key(artisan.id, "ollama", "", "http://127.0.0.1:11434/v1")
    told = status(artisan, "ollama")
    assert (told.configured, told.has_key, told.own_address) == (True, False, True)


def test_keys_follow_a_new_master_key(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, editor = Owner("admin"), Owner("editeur")
    for owner in (admin, editor):
        owner.use("http://127.0.0.1:9001/v1")
    old = settings().master_key

    def read() -> list[str | None]:
        resolving.forget()
        with editor.job():
            found = [resolving.platform_default(), resolving.account_default(editor.id or "")]
        return [choice.api_key if choice else None for choice in found]

    assert read() == [KEY, KEY]
    monkeypatch.setitem(house.config, "SETTINGS", replace(settings(), master_key=f"une-cle-neuve,{old}"))
    assert read() == [KEY, KEY]
    assert reseal()["provider_keys"] == 2
    monkeypatch.setitem(house.config, "SETTINGS", replace(settings(), master_key="une-cle-neuve"))
    assert read() == [KEY, KEY]
    monkeypatch.setitem(house.config, "SETTINGS", replace(settings(), master_key="une-autre"))
    assert read()[1] is None, "a key that cannot be read must not become a call without one"
