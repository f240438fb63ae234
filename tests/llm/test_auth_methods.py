"""Each way to show a key, over real HTTP: the server refuses any other, and the key is in nothing that can be logged or printed."""

from __future__ import annotations

import gzip
import logging
import resource
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from app.core.http import GuardedClient
from app.extensions import settings
from app.llm.deltas import Finished, TextDelta
from app.llm.errors import ProviderError
from app.llm.gateway import ModelChoice, list_models, stream_completion
from app.llm.providers import openai_compatible, transport
from app.llm.providers.clients import clients
from app.web.house import House
from tests.support.model_server import Auth, ModelServer, Reply, model_server

KEY = "sk-tres/secrète+0123456789=abcdef".replace("è", "e")
METHODS: list[Auth] = [("bearer", "", KEY), ("header", "api-key", KEY), ("header", "Authorization", KEY), ("query", "key", KEY)]
IDS = ["bearer", "header", "bare authorization", "query"]
QUESTION = [{"role": "user", "content": "Bonjour"}]


@pytest.fixture(params=METHODS, ids=IDS)
def auth(request: pytest.FixtureRequest) -> Auth:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def models(auth: Auth) -> Iterator[ModelServer]:
    with model_server(auth) as server:
        yield server
    clients.close()


def choice(models: ModelServer, auth: Auth, model: str = "ok", **changes: Any) -> ModelChoice:
    method, name, key = auth
    values: dict[str, Any] = {"auth_method": method, "auth_name": name or None, **changes}
    return ModelChoice("neuf", model, models.base_url, values.pop("key", key), **values)


def ask(chosen: ModelChoice) -> str:
    deltas = list(stream_completion(chosen, QUESTION, (), temperature=0.3, max_tokens=500))
    assert isinstance(deltas[-1], Finished)
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def failure(chosen: ModelChoice) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        ask(chosen)
    return caught.value


def test_the_right_key_opens(models: ModelServer, auth: Auth) -> None:
    assert ask(choice(models, auth)) == "Bonjour, je vous écoute."
    assert "ok" in list_models(choice(models, auth), seconds=5)
    assert [(asked.method, asked.path) for asked in models.asked] == [("POST", "/v1/chat/completions"), ("GET", "/v1/models")]


def test_a_wrong_key_or_none_does_not(models: ModelServer, auth: Auth) -> None:
    for key in ("sk-fausse", None):
        error = failure(choice(models, auth, key=key))
        assert (error.kind, error.status, error.code) == ("auth", 401, "invalid_api_key")
        with pytest.raises(ProviderError) as caught:
            list_models(choice(models, auth, key=key), seconds=5)
        assert caught.value.kind == "auth"


def test_no_other_way_opens(models: ModelServer, auth: Auth) -> None:
    for other in METHODS:
        if other != auth:
            assert failure(choice(models, other)).kind == "auth", other


def test_headers_go_along_and_never_in_the_key_s_place(models: ModelServer, auth: Auth) -> None:
    told = [("X-Region", "eu"), ("authorization", "Bearer volee"), ((auth[1] or "x-other").upper(), "volee")]
    assert ask(choice(models, auth, headers=tuple(told))) == "Bonjour, je vous écoute."
    assert models.asked[0].headers["x-region"] == "eu"
    shown = [value for name, value in models.asked[0].headers.items() if name in ("authorization", auth[1].lower())]
    assert "volee" not in str(shown)


def test_a_line_serves_again_and_keeps_no_key(models: ModelServer, auth: Auth) -> None:
    ask(choice(models, auth))
    with pytest.raises(ProviderError):
        list_models(choice(models, auth, key=None), seconds=5)
    ask(choice(models, auth))
    assert len(models.asked) == 3 and models.connections <= 2


@pytest.mark.parametrize("model", ["fault-401", "fault-429", "fault-500", "fault-cut", "fault-garbage", "unknown"])
def test_a_key_is_in_no_error_and_in_no_log(models: ModelServer, auth: Auth, model: str, caplog: pytest.LogCaptureFixture) -> None:
    """Every logger of the libraries at its most talkative; the server repeats the key in its errors."""
    for name in ("httpx2", "httpcore2", "openai", "urllib3", "root"):
        caplog.set_level(logging.DEBUG, logger=name)
    chosen = choice(models, auth, model)
    error = failure(chosen)
    told = "".join(traceback.format_exception(error)) + repr(error) + str(vars(error)) + repr(chosen) + caplog.text
    assert caplog.records, "nothing was logged: the test looks at nothing"
    for shown in (KEY, KEY[3:], "sk-tres%2Fsecrete"):
        assert shown not in told
    assert error.__context__ is None and error.__cause__ is None


def test_a_redirect_takes_the_key_nowhere(models: ModelServer, auth: Auth) -> None:
    models.script("m", Reply(status=307, headers={"Location": f"{models.base_url}/elsewhere"}))
    assert failure(choice(models, auth, "m")).kind == "bad_response"
    assert len(models.asked) == 1


def test_an_account_s_own_address_is_checked_before_each_call(
    house: House, models: ModelServer, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads inside is not called, also when it led outside when the key was saved."""
    chosen = choice(models, auth, owner_id="usr_1", guarded=True)
    assert ask(chosen) == "Bonjour, je vous écoute."
    monkeypatch.setitem(house.config, "SETTINGS", replace(settings(), app_env="production"))
    house.extensions.pop("outbound", None)
    try:
        error = failure(chosen)
    finally:
        house.extensions.pop("outbound", None)
    assert (error.kind, error.code) == ("refused", openai_compatible.BLOCKED)
    assert len(models.asked) == 1
    assert ask(replace(chosen, guarded=False)), "staff's own addresses may be inside"


def test_the_call_goes_to_the_checked_address_whatever_the_name_says(house: House, models: ModelServer, auth: Auth) -> None:
    """The name exists in no other name server than the guarded client's: whoever resolved it again would find nothing."""
    port = int(models.base_url.split(":")[2].split("/")[0])
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    house.extensions["outbound"] = GuardedClient(allow_private=True, resolver=resolver)
    try:
        chosen = choice(models, auth, owner_id="usr_1", guarded=True)
        assert ask(replace(chosen, base_url=f"http://serveur.invalid:{port}/v1")) == "Bonjour, je vous écoute."
    finally:
        house.extensions.pop("outbound", None)
    assert asked == ["serveur.invalid"]
    assert models.asked[0].headers["host"] == f"serveur.invalid:{port}"


def test_headers_that_drip_have_a_limit() -> None:
    """A byte now and then keeps every idle limit quiet; the whole has one of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def drip() -> None:
            line, _ = listener.accept()
            with line, suppress(OSError):
                line.recv(65536)
                line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not over.wait(0.05):
                    line.sendall(b"x")

        dripping = threading.Thread(target=drip)
        dripping.start()
        slow = ModelChoice("neuf", "m", f"http://127.0.0.1:{listener.getsockname()[1]}/v1", KEY)
        begun = time.monotonic()
        try:
            with pytest.raises(ProviderError) as caught:
                list_models(slow, seconds=0.5)
        finally:
            over.set()
            dripping.join()
    assert caught.value.kind == "timeout"
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request"])
@pytest.mark.parametrize("packed", [False, True], ids=["endless", "packed"])
def test_what_a_server_sends_is_bounded(status: bytes, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account may name any server: neither an endless page nor a small one that unpacks to gigabytes is taken in."""
    monkeypatch.setattr(transport, "MAX_BYTES", 400_000)
    body = gzip.compress(b" " * 300_000_000, 1) if packed else b" " * 65536
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pour() -> None:
            line, _ = listener.accept()
            with line, suppress(OSError):
                line.recv(65536)
                head = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(body) if packed else b""
                line.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\n" + head + b"\r\n" + body)
                while not packed:
                    line.sendall(body)

        pouring = threading.Thread(target=pour, daemon=True)
        pouring.start()
        server = ModelChoice("neuf", "m", f"http://127.0.0.1:{listener.getsockname()[1]}/v1", KEY)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(ProviderError) as caught:
            list_models(server, seconds=5)
        assert caught.value.kind != "timeout", "nothing but the time stopped it"
        pouring.join(5)
        assert not pouring.is_alive(), "the line stays open"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kilobytes"
