"""Which model answers: the platform's, an account's, one that is named; read seldom, with the right key at the right address."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.core import acting
from app.core.acting import current_actor
from app.core.transaction import transaction
from app.extensions import db, settings
from app.llm import active, catalogue, credentials, resolving
from app.llm.catalogue import ProviderValues
from app.llm.gateway import LOCAL, ModelChoice
from app.llm.models import Credential
from app.web.house import House
from tests.factories.ai import KEY, Owner
from tests.support.statements import sent

SERVER = "http://127.0.0.1:9001/v1"


def test_nothing_set_means_the_environment_s_provider_or_none(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = Owner("editeur")
    with editor.job():
        assert resolving.platform_default() is None
        assert resolving.account_default(editor.id or "") is None
        assert resolving.named("gpt-4o", None) is None
    monkeypatch.setitem(house.config, "SETTINGS", replace(settings(), ai_base_url=SERVER, ai_api_key="sk-env", ai_model="m"))
    with editor.job():
        assert resolving.platform_default() == ModelChoice("platform", "m", SERVER, "sk-env")


def test_the_platform_s_active_model_comes_before_the_environment_s(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(house.config, "SETTINGS", replace(settings(), ai_base_url=SERVER, ai_api_key="sk-env", ai_model="m"))
    admin, editor = Owner("admin"), Owner("editeur")
    with admin.acting():
        active.activate(None, "openai", "gpt-4o")
    with editor.job():
        assert (resolving.platform_default() or LOCAL).provider == "platform", "an active model without a key answers nobody"
    with admin.acting():
        credentials.set_key(None, "openai", KEY)
    with editor.job():
        choice = resolving.platform_default()
    assert choice == ModelChoice("openai", "gpt-4o", "https://api.openai.com/v1", KEY, tools=True, vision=True)
    with admin.acting():
        active.activate(None, "local", "local")
    with editor.job():
        assert resolving.platform_default() == LOCAL


def test_an_account_s_own_model_has_his_key_and_his_address(house: House) -> None:
    editor, other = Owner("editeur"), Owner("artisan")
    editor.use(SERVER, "mon-modele")
    with editor.job():
        choice = resolving.account_default(editor.id or "")
    assert choice == ModelChoice("compatible", "mon-modele", SERVER, KEY, tools=True, vision=True, owner_id=editor.id, guarded=True)
    with other.job():
        assert resolving.account_default(other.id or "") is None
    with editor.acting():
        credentials.delete_key(editor.id, "compatible")
    with editor.job():
        assert resolving.account_default(editor.id or "") is None, "a model without its key and address"


def test_the_platform_s_headers_go_to_the_provider_s_own_server_alone(house: House) -> None:
    admin, editor, other = Owner("admin"), Owner("editeur"), Owner("editeur")
    told = {"cf-access-client-secret": "de-la-plateforme"}
    with admin.acting():
        catalogue.save_provider(ProviderValues("passerelle", "Passerelle", "https://passerelle.exemple.fr/v1", api_headers=told))
    editor.use(SERVER, "m", provider="passerelle")
    other.use("", "m", provider="passerelle")
    with editor.job():
        elsewhere = resolving.account_default(editor.id or "")
    with other.job():
        there = resolving.account_default(other.id or "")
    assert elsewhere and there and (elsewhere.base_url, elsewhere.headers) == (SERVER, ())
    assert there.headers == tuple(told.items()) and not there.guarded


def test_a_provider_out_of_service_answers_nobody(house: House) -> None:
    admin, editor = Owner("admin"), Owner("editeur")
    editor.use("", "gpt-4o", provider="openai")
    admin.use("", "gpt-4o", provider="openai")
    with admin.acting():
        openai = catalogue.provider_by_key("openai")
        catalogue.save_provider(ProviderValues("openai", "OpenAI", openai.base_url or "", is_active=False), openai.id)
    with editor.job():
        assert resolving.account_default(editor.id or "") is None
        assert resolving.platform_default() is None


def test_a_name_is_looked_for_in_the_catalogue_first(house: House) -> None:
    admin, editor = Owner("admin"), Owner("editeur")
    with admin.acting():
        for provider in ("openai", "mistral"):
            credentials.set_key(None, provider, f"sk-{provider}")
    at = ModelChoice("platform", "m", SERVER, "sk-env")
    with editor.job():
        for name, provider, model, key in (
            ("gpt-4o", "openai", "gpt-4o", "sk-openai"),
            ("openai/gpt-4o", "openai", "gpt-4o", "sk-openai"),
            ("mistral/ministral-8b", "mistral", "ministral-8b", "sk-mistral"),
            ("mistral-small-latest", "mistral", "mistral-small-latest", "sk-mistral"),
            ("claude-sonnet-4-5", "platform", "claude-sonnet-4-5", "sk-env"),
            ("meta/llama-3", "platform", "meta/llama-3", "sk-env"),
        ):
            found = resolving.named(name, at)
            assert found and (found.provider, found.model, found.api_key) == (provider, model, key), name
        assert resolving.named("inconnu", None) is None
        assert resolving.named("local", at) == LOCAL


def test_a_reply_costs_no_query_once_it_is_known(house: House) -> None:
    admin, editor = Owner("admin"), Owner("editeur")
    admin.use("", "gpt-4o", provider="openai")
    editor.use(SERVER)

    def resolve() -> None:
        resolving.platform_default()
        resolving.account_default(editor.id or "")
        resolving.named("gpt-4o-mini", None)

    with editor.job():
        db.session.execute(select(1))
        with sent() as first:
            resolve()
        with sent() as after:
            resolve()
    assert len(first) == 4, first
    assert after == []


def test_it_is_read_again_after_a_while_and_after_a_change(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, editor = Owner("admin"), Owner("editeur")
    with editor.job():
        assert resolving.platform_default() is None
    admin.use("", "gpt-4o", provider="openai")
    with editor.job():
        assert (resolving.platform_default() or LOCAL).model == "gpt-4o", "a change made here is seen here at once"
        with sent() as seen:
            monkeypatch.setattr(resolving, "KEPT_SECONDS", 0.0)
            resolving.platform_default()
    assert len(seen) == 3


def test_a_page_of_an_account_may_use_the_platform_s_key_but_not_read_it(house: House) -> None:
    admin, editor = Owner("admin"), Owner("editeur")
    admin.use("", "gpt-4o", provider="openai")
    with editor.acting():
        assert (resolving.platform_default() or LOCAL).api_key == KEY
        assert current_actor() == editor.actor
        assert db.session.scalars(select(Credential.id)).all() == [], "the page goes on as its user"
    resolving.forget()
    assert (resolving.platform_default() or LOCAL).api_key == KEY, "without a transaction open, one of its own"
    with transaction(acting.platform("health")):
        assert (resolving.platform_default() or LOCAL).api_key == KEY


def test_no_key_in_a_repr(house: House) -> None:
    editor = Owner("editeur")
    editor.use(SERVER)
    with editor.job():
        assert KEY not in repr(resolving.account_default(editor.id or ""))
