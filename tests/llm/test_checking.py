"""Testing a key, and the active configuration: what each failure is called, what is kept of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.core.errors import NotFoundError
from app.extensions import db
from app.llm import active, catalogue, checking, credentials, probing
from app.llm.catalogue import ProviderValues
from app.llm.models import Credential, ProviderCheck
from app.llm.providers.clients import clients
from app.web.house import House
from tests.factories.ai import KEY, Owner
from tests.support.model_server import ModelServer, Reply, failing, model_server

BEARER = ("bearer", "", KEY)


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with model_server(BEARER) as server:
        yield server
    clients.close()


@pytest.fixture
def unlisted() -> Iterator[ModelServer]:
    """A server without GET /models."""
    with model_server(BEARER, listing=False) as server:
        yield server
    clients.close()


def check_key(owner: Owner, provider: str = "compatible") -> checking.CheckResult:
    with owner.acting():
        return checking.test_key(owner.id, provider)


def check_active(owner: Owner) -> checking.CheckResult:
    with owner.acting():
        return checking.test_active(owner.id)


def badge(owner: Owner) -> tuple[bool | None, bool]:
    """What the active configuration's badge says, and whether it has a date and a latency."""
    with owner.acting():
        found = active.active_model(owner.id)
        assert found
        db.session.refresh(found)
        return found.test_ok, found.tested_at is not None and found.test_latency_ms is not None


def test_a_good_key_and_a_good_model(house: House, models: ModelServer) -> None:
    editor = Owner("editeur")
    editor.use(models.base_url)
    assert badge(editor) == (None, False)
    key = check_key(editor)
    assert (key.success, key.api_key_ok, key.model_accessible, key.error_kind) == (True, True, None, None)
    assert [asked.method for asked in models.asked] == ["GET"], "a key is tested without a word of a model"
    config = check_active(editor)
    assert (config.success, config.api_key_ok, config.model_accessible, config.error_kind) == (True, True, True, None)
    assert config.latency_ms is not None and badge(editor) == (True, True)
    with editor.acting():
        held = db.session.scalars(select(Credential)).one()
        assert held.last_test_ok and held.last_test_at and held.last_test_error is None


def test_a_wrong_key(house: House, models: ModelServer) -> None:
    editor = Owner("editeur")
    editor.use(models.base_url, key="sk-fausse-cle")
    for result in (check_key(editor), check_active(editor)):
        assert (result.success, result.api_key_ok, result.model_accessible, result.error_kind) == (False, False, None, "auth")
        assert result.said_fr == "Le fournisseur refuse cette clé."
    assert badge(editor) == (False, True)
    with editor.acting():
        told = next(one for one in credentials.key_statuses(editor.id) if one.provider == "compatible")
    assert (told.ok, told.error_fr) == (False, "Le fournisseur refuse cette clé.")


@pytest.mark.parametrize("code", ["model_not_found", "", "not_found"])
def test_a_good_key_and_a_model_that_is_not_there(house: House, models: ModelServer, code: str) -> None:
    editor = Owner("editeur")
    editor.use(models.base_url, "m")
    models.script("m", failing(404, code))
    result = check_active(editor)
    assert (result.success, result.api_key_ok, result.model_accessible, result.error_kind) == (False, True, False, "model")
    assert check_key(editor).success


def test_a_model_that_is_not_open_to_the_key(house: House, models: ModelServer) -> None:
    editor = Owner("editeur")
    editor.use(models.base_url, "m")
    for reply in (failing(403, "forbidden"), failing(400, "invalid_model"), failing(403, "model_not_found")):
        models.script("m", reply)
        result = check_active(editor)
        assert (result.api_key_ok, result.model_accessible, result.error_kind) == (True, False, "model"), reply


@pytest.mark.parametrize(
    ("reply", "kind", "key_ok"),
    [
        (failing(429, "rate_limit_exceeded", retry_after="7"), "rate_limited", True),
        (failing(500, "server_error"), "overloaded", None),
        (failing(400, "bad_request"), "refused", True),
        (Reply(cut_after=1), "cut", None),
        (Reply(raw=b"data: {not json\n\n"), "bad_response", None),
    ],
)
def test_each_other_failure_has_its_name_and_its_sentence(
    house: House, models: ModelServer, reply: Reply, kind: str, key_ok: bool | None
) -> None:
    editor = Owner("editeur")
    editor.use(models.base_url, "m")
    models.script("m", reply)
    result = check_active(editor)
    assert (result.success, result.api_key_ok, result.model_accessible, result.error_kind) == (False, key_ok, None, kind)
    assert result.said_fr.startswith(probing._SAID[kind][:-1])
    assert KEY not in repr(result)


def test_silence_lasts_ten_seconds_at_most(house: House, models: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "SECONDS", 0.3)
    editor = Owner("editeur")
    editor.use(models.base_url, "fault-silence")
    result = check_active(editor)
    assert (result.api_key_ok, result.error_kind) == (None, "timeout")
    assert models.asked[0].hung_up.wait(2)


def test_nobody_there_and_something_else_there(house: House, models: ModelServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    editor = Owner("editeur")
    editor.use(nobody)
    assert (check_key(editor).error_kind, check_active(editor).error_kind) == ("unreachable", "unreachable")
    elsewhere = Owner("editeur")
    elsewhere.use(models.base_url.replace("/v1", "/ailleurs"), "rien-de-tel")
    models.listing = False
    models.script("rien-de-tel", failing(404, ""))
    for result in (check_key(elsewhere), check_active(elsewhere)):
        assert (result.success, result.api_key_ok) == (False, None)
    assert check_active(elsewhere).error_kind == "bad_response"


def test_a_server_without_a_list_is_asked_a_word(house: House, unlisted: ModelServer) -> None:
    editor = Owner("editeur")
    editor.use(unlisted.base_url)
    assert check_key(editor).success
    assert [(asked.method, asked.path) for asked in unlisted.asked] == [("GET", "/v1/models"), ("POST", "/v1/chat/completions")]
    with editor.acting():
        credentials.set_key(editor.id, "compatible", "sk-fausse")
    result = check_key(editor)
    assert (result.success, result.api_key_ok, result.error_kind) == (False, False, "auth")


def test_nothing_to_test_with(house: House) -> None:
    editor = Owner("editeur")
    with editor.acting():
        assert checking.test_active(editor.id).error_kind == "no_model"
        active.activate(editor.id, "openai", "gpt-4o")
    for result in (check_key(editor, "openai"), check_active(editor)):
        assert (result.success, result.api_key_ok, result.error_kind) == (False, False, "no_key")
    with pytest.raises(NotFoundError):
        check_key(editor, "rien")
    with editor.acting():
        active.activate(editor.id, "local", "local")
    assert check_active(editor).success and check_key(editor, "local").success


def test_a_provider_that_was_closed(house: House, models: ModelServer) -> None:
    admin, editor = Owner("admin"), Owner("editeur")
    editor.use(models.base_url)
    with admin.acting():
        compatible = catalogue.provider_by_key("compatible")
        catalogue.save_provider(ProviderValues("compatible", "C", needs_key=False, is_active=False), compatible.id)
    assert check_active(editor).error_kind == "closed"
    assert models.asked == []


def test_another_key_takes_the_green_badge_away(house: House, models: ModelServer) -> None:
    editor = Owner("editeur")
    editor.use(models.base_url)
    assert check_active(editor).success and badge(editor)[0] is True
    with editor.acting():
        credentials.set_key(editor.id, "compatible", "sk-autre")
    assert badge(editor) == (None, False)
    with editor.acting():
        told = next(one for one in credentials.key_statuses(editor.id) if one.provider == "compatible")
    assert (told.tested_at, told.ok) == (None, None)


def test_a_key_replaced_meanwhile_is_not_said_to_be_tested(house: House, models: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = Owner("editeur")
    editor.use(models.base_url)
    real = checking.probe_key

    def slow(*args: Any) -> probing.Finding:
        finding = real(*args)
        db.session.execute(update(Credential).values(updated_at=func.now()))
        return finding

    monkeypatch.setattr(checking, "probe_key", slow)
    assert check_key(editor).success
    with editor.acting():
        assert db.session.scalars(select(Credential)).one().last_test_at is None


def test_a_badge_is_not_green_for_a_key_that_came_meanwhile(house: House, models: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = Owner("editeur")
    editor.use(models.base_url)
    real = checking.probe_model

    def slow(*args: Any) -> probing.Finding:
        finding = real(*args)
        db.session.execute(update(Credential).values(updated_at=func.now()))
        return finding

    monkeypatch.setattr(checking, "probe_model", slow)
    assert check_active(editor).success
    assert badge(editor) == (None, False)


def test_no_transaction_is_open_while_the_provider_thinks(house: House, models: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = Owner("editeur")
    editor.use(models.base_url)
    seen: list[bool] = []
    for name in ("probe_key", "probe_model"):
        real = getattr(checking, name)
        monkeypatch.setattr(checking, name, lambda *args, real=real: seen.append(db.session().in_transaction()) or real(*args))
    check_key(editor)
    check_active(editor)
    assert seen == [False, False]


def test_the_history_is_one_s_own_and_has_an_end(house: House, models: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "KEPT", 3)
    admin, editor, other = Owner("admin"), Owner("editeur"), Owner("editeur")
    for owner in (admin, editor):
        owner.use(models.base_url)
        check_key(owner)
    for _ in range(4):
        check_active(editor)
    with editor.acting():
        kept = checking.history(editor.id)
        assert [(check.kind, check.model_key, check.ok, check.provider.key) for check in kept] == [("config", "ok", True, "compatible")] * 3
        assert checking.history(None) == []
        assert len(checking.history(editor.id, limit=2)) == 2
    with other.acting():
        assert checking.history(editor.id) == []
    with admin.acting():
        assert [check.kind for check in checking.history(None)] == ["key"]
        assert db.session.scalar(select(func.count()).select_from(ProviderCheck)) == 4
