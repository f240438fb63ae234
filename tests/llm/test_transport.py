"""The wire under the SDK: one line, kept between two answers, given up when it is dead."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import pytest

from app.llm.providers import transport
from app.llm.providers.clients import ClientPool
from tests.support.model_server import ModelServer, Reply


@dataclass
class Server:
    """Answers each line with the scripted bytes; `hang_up` closes the line after each answer."""

    answers: list[bytes]
    hang_up: bool = False
    lines: int = 0
    asked: list[bytes] = field(default_factory=list)

    def start(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/v1"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while self.answers:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            self.lines += 1
            with line:
                while self.answers:
                    request = line.recv(65536)
                    if not request:
                        break
                    self.asked.append(request)
                    line.sendall(self.answers.pop(0))
                    if self.hang_up:
                        break


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server([CHUNKED, CHUNKED])
    made.start()
    yield made
    made.socket.close()


def read(pool: ClientPool, server: Server) -> bytes:
    with pool.borrow(server.url) as client, client.stream("GET", server.url, timeout=2) as answer:
        return b"".join(answer.iter_raw())


def test_one_line_serves_again(server: Server) -> None:
    pool = ClientPool()
    assert [read(pool, server), read(pool, server)] == [b"abcde", b"abcde"]
    assert server.lines == 1
    assert server.asked[0].startswith(b"GET /v1 HTTP/1.1\r\n") and server.asked[0].lower().count(b"\r\nhost:") == 1
    pool.close()


@pytest.mark.parametrize("kept", [4.0, -1.0], ids=["hung up", "too old"])
def test_a_line_that_is_dead_or_too_old_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch, kept: float) -> None:
    server.hang_up = kept > 0
    monkeypatch.setattr(transport, "KEPT_SECONDS", kept)
    pool = ClientPool()
    assert [read(pool, server), read(pool, server)] == [b"abcde", b"abcde"]
    assert server.lines == 2
    pool.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", httpx2.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", httpx2.RemoteProtocolError),
        (b"nonsense\r\n\r\n", httpx2.RemoteProtocolError),
        (b"", httpx2.RemoteProtocolError),
    ],
    ids=["cut chunk", "cut body", "no HTTP", "nothing"],
)
def test_what_breaks_has_its_name(server: Server, answer: bytes, error: type[Exception]) -> None:
    server.answers, server.hang_up = [answer], True
    with pytest.raises(error):
        read(ClientPool(), server)


def test_silence_and_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        url = f"http://127.0.0.1:{quiet.getsockname()[1]}/"
        with pytest.raises(httpx2.ReadTimeout), ClientPool().borrow(url) as client:
            client.get(url, timeout=0.2)
    with pytest.raises(httpx2.ConnectError), ClientPool().borrow(url) as client:
        client.get(url, timeout=0.2)


def test_chunks_that_come_while_one_rests_are_read_together(models: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty chunks, one each 5 ms: they come in a few readings, and the first at once."""
    rest = 0.6  # six times the real one: a busy machine must not look like a rest
    monkeypatch.setattr(transport, "REST_SECONDS", rest)
    monkeypatch.setattr(transport, "MAX_REST_SECONDS", rest)
    readings: list[float] = []

    class Counted(transport._Spaced):
        def readinto(self, buffer: memoryview) -> int | None:
            count = super().readinto(buffer)
            readings.append(time.monotonic())
            return count

    monkeypatch.setattr(transport, "_Spaced", Counted)
    models.script("m", Reply(text="x" * 60, piece=1, gap=0.005))
    begun = time.monotonic()
    pool = ClientPool()
    with pool.borrow(models.base_url) as client:
        body = {"model": "m", "messages": [], "stream": True}
        with client.stream("POST", f"{models.base_url}/chat/completions", json=body, timeout=5) as answer:
            assert b"".join(answer.iter_raw()).count(b'"x"') == 60
    pool.close()
    elapsed = readings[-1] - begun
    assert readings[0] - begun < rest * 0.9
    assert len(readings) <= elapsed / rest + 5


CHUNKS = b"5\r\nhello\r\n1;name=value\r\n \r\nC\r\nworld, hello\r\n0\r\nTrailer: x\r\n\r\n"


@pytest.mark.parametrize("cut", range(len(CHUNKS) + 1))
def test_chunks_are_put_together_wherever_they_were_cut(cut: int) -> None:
    first, held, over = transport._pieces(CHUNKS[:cut])
    second, rest, over = transport._pieces(held + CHUNKS[cut:]) if not over else ([], b"", over)
    assert b"".join(first + second) == b"hello world, hello" and over


@pytest.mark.parametrize("broken", [b"5\r\nhelloX\r\n", b"5\r\nhello\n\n0\r\n\r\n", b"g" * 5000])
def test_what_is_no_chunk_is_said(broken: bytes) -> None:
    with pytest.raises(http.client.HTTPException):
        transport._pieces(broken)
