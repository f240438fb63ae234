"""The benchmark's visitors: many at once in one asyncio loop, each reading a stream to its end and checking its words."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.bench._model import FIRST_SECONDS, IDEAL_SECONDS, TEXT

TIMEOUT_SECONDS = 60.0
_LENGTH = re.compile(rb"(?i)\ncontent-length: *(\d+)")


@dataclass
class Results:
    """What the visitors of one run saw. Times in seconds; `added` is the time to the first word less the model's own."""

    added: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def added_ms(self, share: float) -> float:
        """A percentile of the added time, in milliseconds; infinite when nobody got an answer."""
        ordered = sorted(self.added)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else float("inf")

    @property
    def ideal_times(self) -> float:
        """The mean duration, as a multiple of the model's own; infinite when nobody got an answer."""
        return sum(self.total) / len(self.total) / IDEAL_SECONDS if self.total else float("inf")


@dataclass(frozen=True)
class Visitor:
    """Somebody with a conversation open."""

    session_id: str
    token: str


class _Exchange(asyncio.Protocol):
    """HTTP/1.1 on one connection. It only keeps bytes, and the moment `mark` was among them: the rest can wait until the end."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.marked_at = 0.0
        self._mark = self._end = b""
        self._ended: asyncio.Future[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    async def ask(self, request: bytes, *, mark: bytes = b"", end: bytes = b"") -> bytes:
        """Send a request and return what came: up to the data in which `end` was, else the length that the answer says."""
        self.received.clear()
        self._mark, self._end, self.marked_at = mark, end, 0.0
        self._ended = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        await asyncio.wait_for(self._ended, TIMEOUT_SECONDS)
        return bytes(self.received)

    def data_received(self, data: bytes) -> None:
        start = max(0, len(self.received) - 64)
        self.received += data
        if not self.marked_at and self.received.find(self._mark, start) >= 0:
            self.marked_at = time.perf_counter()
        if self._end and self.received.startswith(b"HTTP/1.1 200"):
            over = self.received.find(self._end, start) >= 0
        else:
            head, _, body = self.received.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            over = length is not None and len(body) >= int(length[1])
        if over:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()

    def _finish(self) -> None:
        if self._ended and not self._ended.done():
            self._ended.set_result(None)


def _request(method: str, port: int, path: str, headers: dict[str, str], body: object = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"Host": f"127.0.0.1:{port}", "Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + content


def _body(answer: bytes) -> bytes:
    """The body, out of its chunks where it came in chunks."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b"chunked" not in head.lower():
        return rest
    parts = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size or b"0", 16)
        parts.append(rest[:length])
        rest = rest[length + 2 :]
    return b"".join(parts)


def _said(body: bytes, piece: Callable[[str, dict], str]) -> str:  # type: ignore[type-arg]
    """The words of a stream of events; `piece` reads them from an event's name and data."""
    words = []
    for event in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in event.split("\n") if ": " in line and not line.startswith(":"))
        if fields.get("data", "[DONE]") != "[DONE]":
            words.append(piece(fields.get("event", ""), json.loads(fields["data"])))
    return "".join(words)


async def _connect(port: int) -> _Exchange:
    _, exchange = await asyncio.get_running_loop().create_connection(_Exchange, "127.0.0.1", port)
    return exchange


async def ask_model(port: int, results: Results) -> None:
    """One completion straight from the model."""
    exchange = await _connect(port)
    started = time.perf_counter()
    request = _request("POST", port, "/v1/chat/completions", {}, {"model": "m", "stream": True, "messages": []})
    answer = await exchange.ask(request, mark=b'"content"', end=b"[DONE]")
    ended = time.perf_counter()
    exchange.transport.abort()
    said = _said(_body(answer), lambda _, data: "".join(choice["delta"].get("content", "") for choice in data["choices"]))
    _note(results, said, exchange.marked_at - started, ended - started)


async def converse(port: int, visitor: Visitor, results: Results) -> None:
    """One message of a visitor and its answer, as the chat page does it: post, then read the events."""
    headers = {"X-Session-ID": visitor.session_id, "Authorization": f"Bearer {visitor.token}"}
    exchange = await _connect(port)
    started = time.perf_counter()
    message = {"content": "Bonjour, je voudrais refaire ma salle de bain.", "client_message_id": str(uuid.uuid4())}
    accepted = await exchange.ask(_request("POST", port, "/api/widget/v1/message", headers, message))
    if not accepted.startswith(b"HTTP/1.1 202"):
        raise ConnectionError(f"message: {accepted[:12].decode()} {_body(accepted)[:300].decode()}")
    message_id = json.loads(_body(accepted))["data"]["message_id"]
    path = f"/api/widget/v1/message/{message_id}/stream"
    answer = await exchange.ask(_request("GET", port, path, headers), mark=b"event: token", end=b"event: done")
    ended = time.perf_counter()
    exchange.transport.abort()
    if b"event: restart" in answer:
        raise ConnectionError("the reply was begun again")
    said = _said(_body(answer), lambda name, data: data["text"] if name == "token" else "")
    _note(results, said, exchange.marked_at - started, ended - started)


def _note(results: Results, said: str, first: float, total: float) -> None:
    if said.strip() != TEXT.strip():
        raise ConnectionError(f"words lost: {len(said)} characters of {len(TEXT)}")
    results.added.append(first - FIRST_SECONDS)
    results.total.append(total)


async def run(concurrency: int, rounds: int, chat: Callable[[int, Results], Awaitable[None]], *, spread: float = IDEAL_SECONDS) -> Results:
    """`concurrency` visitors in step with each other like people are: they start one after the other over the length of a
    conversation (`spread` seconds), and each has `rounds` of them."""
    results = Results()

    async def visit(number: int) -> None:
        await asyncio.sleep(spread * number / concurrency)
        for _ in range(rounds):
            try:
                await chat(number, results)
            except (OSError, TimeoutError, ValueError, KeyError) as error:
                results.errors.append(f"{type(error).__name__}: {error}")

    await asyncio.gather(*(visit(number) for number in range(concurrency)))
    return results
