"""The guarded client against real servers: what it refuses, where it connects, what it survives (LESSONS.md, SSRF line)."""

from __future__ import annotations

import gzip
import ipaddress
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.http import BlockedAddressError, GuardedClient, HttpFailure
from tests.core.certificates import self_signed
from tests.core.receivers import answer, drip, receiver, say

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def client() -> Iterator[GuardedClient]:
    """As outside production."""
    made = GuardedClient(allow_private=True)
    yield made
    made.close()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[fd00::1]", "100.64.0.1", "169.254.169.254", "0.0.0.0"]
)
def test_production_calls_nothing_private(host: str) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(BlockedAddressError):
            GuardedClient().get(f"{scheme}://{host}:8080/", 100, 1)


@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "0.0.0.0", "224.0.0.1", "[fe80::1]", "[2002:a9fe:a9fe::]"])
def test_no_setting_opens_metadata_and_reserved_addresses(host: str) -> None:
    everything = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
    with pytest.raises(BlockedAddressError):
        GuardedClient(everything, allow_private=True).get(f"http://{host}/latest/meta-data", 100, 1)


def test_production_wants_https_for_a_public_address_and_http_only_for_an_allowed_private_one() -> None:
    def resolver(host: str, port: int) -> list[str]:
        return {"public.test": ["93.184.215.14"], "inside.test": ["127.0.0.1"]}[host]

    production = GuardedClient(LOOPBACK, resolver=resolver)
    assert production.resolve("https://public.test/a?b=c#d").url.text == "https://public.test/a?b=c"
    with pytest.raises(BlockedAddressError, match="https"):
        production.resolve("http://public.test/")
    with receiver(answer()) as seen:
        assert production.post(f"http://inside.test:{seen.port}/", b"{}", {}, 5).status == 200
    production.close()


def test_one_bad_address_among_good_ones_condemns_the_name() -> None:
    mixed = GuardedClient(resolver=lambda host, port: ["93.184.215.14", "2606:4700::1111", "::ffff:127.0.0.1"])
    with pytest.raises(BlockedAddressError) as refused:
        mixed.post("https://mixed.test/", b"", {}, 1)
    assert "127" not in refused.value.message_fr


def test_a_name_that_changes_its_mind_is_asked_once_and_the_checked_address_is_called() -> None:
    answers = iter([["127.0.0.2"], ["127.0.0.1"]])
    with receiver(answer(b"outside"), host="127.0.0.2") as outside, receiver(answer(b"inside"), port=outside.port) as inside:
        rebinding = GuardedClient((ipaddress.ip_network("127.0.0.2/32"),), resolver=lambda host, port: next(answers))
        url = f"http://rebinding.test:{outside.port}/hook"
        assert rebinding.post(url, b"{}", {}, 5).body == b"outside"
        with pytest.raises(BlockedAddressError):
            rebinding.post(url, b"{}", {}, 5)
        rebinding.close()
    assert len(outside.requests) == 1 and inside.connections == 0
    assert b"Host: rebinding.test:" in outside.requests[0]


def test_a_mapped_address_is_called_as_the_ipv4_address_it_is(client: GuardedClient) -> None:
    with receiver(answer()) as seen:
        assert client.get(f"http://[::ffff:127.0.0.1]:{seen.port}/", 100, 5).body == b"ok"


def test_post_sends_the_bytes_and_headers_and_tells_what_came_back(client: GuardedClient) -> None:
    with receiver(answer("reçu\x00".encode(), "201 Created", "X-Trace: abc\r\nSet-Cookie: a=b\r\n")) as seen:
        url = f"http://127.0.0.1:{seen.port}/hook?x=1&y=%20"
        result = client.post(url, b'{"a": 1}', {"Content-Type": "application/json", "webhook-id": "evt_1"}, 5)
        client.post(url, b"2", {}, 5)
    assert (result.status, result.headers["x-trace"], result.body_excerpt) == (201, "abc", "reçu\ufffd")
    assert 0 <= result.duration_ms < 5000
    head, _, body = seen.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?x=1&y=%20 HTTP/1.1\r\n") and body == b'{"a": 1}'
    assert b"webhook-id: evt_1" in head and b"Accept-Encoding: identity" in head
    assert b"ookie" not in seen.requests[1]
    assert seen.connections == 1, "the connection is kept"


def test_the_connection_is_kept_per_host_and_not_when_the_server_hangs_up(client: GuardedClient) -> None:
    with receiver(answer(headers="Connection: close\r\n")) as seen:
        for _ in range(3):
            assert client.get(f"http://127.0.0.1:{seen.port}/", 100, 5).status == 200
    assert seen.connections == 3
    with receiver(say(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")) as seen:
        assert client.get(f"http://127.0.0.1:{seen.port}/", 100, 5).body == b"until the end"
    with receiver(answer()) as seen:
        for host in ("127.0.0.1", "localhost", "127.0.0.1"):
            client.get(f"http://{host}:{seen.port}/", 100, 5)
    assert seen.connections == 2


def test_a_kept_connection_that_died_is_replaced(client: GuardedClient) -> None:
    with receiver(answer()) as first:
        client.get(f"http://127.0.0.1:{first.port}/", 100, 5)
    with receiver(say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as seen:  # keeps the line by its words, hangs up by its acts
        for _ in range(2):
            assert client.get(f"http://127.0.0.1:{seen.port}/", 100, 5).body == b"ok"
            time.sleep(0.1)
    assert seen.connections == 2


def test_parallel_calls_do_not_share_a_connection(client: GuardedClient) -> None:
    with receiver(answer(b"x" * 3000)) as seen:
        results: list[bytes] = []
        threads = [
            threading.Thread(target=lambda: results.append(client.get(f"http://127.0.0.1:{seen.port}/", 5000, 5).body)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close()
    assert results == [b"x" * 3000] * 8


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_an_answer_and_its_body_is_not_swallowed(client: GuardedClient, status: str) -> None:
    stop = threading.Event()
    with receiver(answer(b"inside")) as inside:
        location = f"HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:{inside.port}/\r\n\r\n".encode()
        with receiver(drip(location + b"x" * 10_000, b"x" * 10_000, stop)) as seen:
            result = client.post(f"http://127.0.0.1:{seen.port}/", b"{}", {}, 5)
            stop.set()
    assert result.status == int(status[:3]) and inside.connections == 0
    assert result.body == b"x" * 4096 and result.duration_ms < 2000


def test_a_long_answer_is_cut_for_a_post_and_refused_for_a_get(client: GuardedClient) -> None:
    with receiver(answer(b"y" * 100_000)) as seen:
        url = f"http://127.0.0.1:{seen.port}/"
        assert client.post(url, b"", {}, 5).body == b"y" * 4096
        assert client.get(url, 100_000, 5).body == b"y" * 100_000
        with pytest.raises(HttpFailure) as failed:
            client.get(url, 99_999, 5)
        client.close()
    assert failed.value.kind == "too_large" and failed.value.message_fr


def test_a_compressed_answer_is_not_inflated(client: GuardedClient) -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    with receiver(answer(bomb, headers="Content-Encoding: gzip\r\n")) as seen:
        assert client.get(f"http://127.0.0.1:{seen.port}/", len(bomb), 5).body == bomb


def test_a_chunked_answer_is_read(client: GuardedClient) -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    with receiver(say(raw)) as seen:
        assert client.get(f"http://127.0.0.1:{seen.port}/", 100, 5).body == b"abcdefg"


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"z"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"z"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nz\r\n"),
    ],
    ids=["silence", "headers", "continue", "body", "length", "chunks"],
)
def test_the_deadline_holds_against_a_slow_drip(client: GuardedClient, first: bytes, drop: bytes) -> None:
    stop = threading.Event()
    with receiver(drip(first, drop, stop)) as seen:
        started = time.monotonic()
        with pytest.raises(HttpFailure) as failed:
            client.post(f"http://127.0.0.1:{seen.port}/", b"{}", {}, 0.5)
        assert failed.value.kind == "timeout" and 0.4 < time.monotonic() - started < 1.5
        stop.set()


def test_the_deadline_holds_against_a_slow_resolver_and_a_mute_tls_server(client: GuardedClient) -> None:
    released = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        released.wait(5)
        return ["93.184.215.14"]

    started = time.monotonic()
    with pytest.raises(HttpFailure) as failed:
        GuardedClient(resolver=slow).post("https://slow.test/", b"", {}, 0.3)
    assert failed.value.kind == "timeout" and time.monotonic() - started < 1
    released.set()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        started = time.monotonic()
        with pytest.raises(HttpFailure) as failed:
            client.post(f"https://127.0.0.1:{mute.getsockname()[1]}/", b"", {}, 0.3)
        assert failed.value.kind == "timeout" and time.monotonic() - started < 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n",
    ],
)
def test_nonsense_is_a_protocol_failure(client: GuardedClient, raw: bytes) -> None:
    with receiver(say(raw)) as seen, pytest.raises(HttpFailure) as failed:
        client.get(f"http://127.0.0.1:{seen.port}/", 100, 5)
    assert failed.value.kind == "protocol"


def test_unknown_names_and_closed_ports_are_told_apart(client: GuardedClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(HttpFailure) as failed:
        client.post(f"http://127.0.0.1:{port}/", b"", {}, 2)
    assert failed.value.kind == "connect"

    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    for resolver in (unknown, lambda host, port: []):
        with pytest.raises(HttpFailure) as failed:
            GuardedClient(resolver=resolver).post("https://inconnu.test/", b"", {}, 2)
        assert failed.value.kind == "dns"


def test_the_next_address_is_tried_when_the_first_is_silent() -> None:
    with receiver(answer()) as seen:
        two = GuardedClient(allow_private=True, resolver=lambda host, port: ["::1", "127.0.0.1"])
        assert two.get(f"http://two.test:{seen.port}/", 100, 5).status == 200
        two.close()


def test_tls_checks_the_name_asked_for_not_the_address(tmp_path: Path) -> None:
    server, trusted = self_signed(tmp_path, "hooks.test")
    with receiver(answer(b"secret"), tls=server) as seen:

        def guarded(ca_file: str | None) -> GuardedClient:
            return GuardedClient(LOOPBACK, resolver=lambda host, port: ["127.0.0.1"], ca_file=ca_file)

        known = guarded(trusted)
        for _ in range(2):
            assert known.post(f"https://hooks.test:{seen.port}/", b"{}", {}, 5).body == b"secret"
        assert seen.server_names == ["hooks.test"] and seen.connections == 1
        for client, host in ((known, "other.test"), (known, "127.0.0.1"), (guarded(None), "hooks.test")):
            with pytest.raises(HttpFailure) as failed:
                client.post(f"https://{host}:{seen.port}/", b"{}", {}, 5)
            assert failed.value.kind == "tls"
        known.close()
    assert len(seen.requests) == 2


def test_a_server_that_does_not_speak_tls_is_a_tls_failure(client: GuardedClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def speak_first() -> None:
            stream, _ = plain.accept()
            with stream:
                stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                stream.recv(65536)

        speaking = threading.Thread(target=speak_first)
        speaking.start()
        with pytest.raises(HttpFailure) as failed:
            client.get(f"https://127.0.0.1:{plain.getsockname()[1]}/", 10, 5)
        speaking.join()
    assert failed.value.kind == "tls"


def test_the_environment_adds_no_proxy_and_no_password(client: GuardedClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login robot password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with receiver(answer(b"proxy")) as proxy, receiver(answer(b"direct")) as seen:
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert client.get(f"http://127.0.0.1:{seen.port}/", 100, 5).body == b"direct"
        client.close()
    assert proxy.connections == 0
    assert seen.requests[0].startswith(b"GET / HTTP/1.1\r\n") and b"Authorization" not in seen.requests[0]


GEVENT = """
import gevent.monkey
gevent.monkey.patch_all()
import threading, time
import gevent
from app.core.http import GuardedClient, HttpFailure
from tests.core.receivers import drip, receiver

def later(client, request):
    gevent.sleep(0.4)
    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    return True

client = GuardedClient(allow_private=True)
with receiver(later) as seen:
    started = time.monotonic()
    calls = [gevent.spawn(client.get, f"http://127.0.0.1:{seen.port}/", 10, 5) for _ in range(20)]
    assert [call.get().body for call in calls] == [b"ok"] * 20
    assert time.monotonic() - started < 2, "calls wait for one another"
    client.close()
stop = threading.Event()
with receiver(drip(b"HTTP/1.1 200 OK\\r\\n\\r\\n", b"z", stop)) as seen:
    started = time.monotonic()
    try:
        client.get(f"http://127.0.0.1:{seen.port}/", 10_000, 0.5)
    except HttpFailure as failure:
        assert failure.kind == "timeout" and time.monotonic() - started < 1.5
    else:
        raise AssertionError("no deadline")
    stop.set()
print("done")
"""


def test_it_works_under_gevent() -> None:
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-W", "error", "-c", GEVENT], capture_output=True, text=True, timeout=60, check=False, cwd=root)
    assert run.stdout == "done\n", run.stderr
