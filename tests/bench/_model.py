"""The model the benchmark asks: an OpenAI-compatible server that says the same words at the same pace to everybody.

`python -m tests.bench._model PORT`. Its schedule is absolute: a late word does not delay the next ones.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from contextlib import suppress
from typing import Any

import uvloop

WORDS = 250
FIRST_SECONDS = 0.1
GAP_SECONDS = 0.02
_TICK_SECONDS = 0.002
IDEAL_SECONDS = FIRST_SECONDS + (WORDS - 1) * GAP_SECONDS
TEXT = "".join(f"mot{number} " for number in range(WORDS))

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def _chunk(event: str) -> bytes:
    data = f"data: {event}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def _completion(delta: dict[str, str], finish: str | None = None, **more: object) -> str:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": choices, **more})


_USAGE = {"prompt_tokens": 100, "completion_tokens": WORDS, "total_tokens": 100 + WORDS}
_WORD = [_chunk(_completion({"content": f"mot{number} "})) for number in range(WORDS)]
_TAIL = _chunk(_completion({}, "stop")) + _chunk(json.dumps({"choices": [], "usage": _USAGE})) + _chunk("[DONE]") + b"0\r\n\r\n"


class _Clock:
    """Has connections say their next words, together those that are due within the same 2 ms: a timer each would cost more than the words."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: dict[int, list[_Connection]] = {}
        self._next = int(loop.time() / _TICK_SECONDS) + 1
        loop.call_at(self._next * _TICK_SECONDS, self._tick)

    def call_at(self, moment: float, connection: _Connection) -> None:
        self._due.setdefault(max(self._next, -int(-moment // _TICK_SECONDS)), []).append(connection)

    def _tick(self) -> None:
        now = self._loop.time()
        while self._next * _TICK_SECONDS <= now:
            due = self._due.pop(self._next, ())
            self._next += 1
            for connection in due:
                connection.say(now)
        self._loop.call_at(self._next * _TICK_SECONDS, self._tick)


class _Connection(asyncio.Protocol):
    """One client; one completion at a time."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._fileno = transport.get_extra_info("socket").fileno()
        self._loop = asyncio.get_running_loop()
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"), 0)
        if found and len(body) >= length:
            self._received = body[length:]
            self._start = self._loop.time() + FIRST_SECONDS
            self._said = 0
            self._write(_HEAD)
            self._clock.call_at(self._start, self)

    def say(self, now: float) -> None:
        if self._transport.is_closing():
            return
        due = min(WORDS, int((now - self._start) / GAP_SECONDS + 1e-6) + 1)
        words = b"".join(_WORD[self._said : due])
        self._said = due
        if due < WORDS:
            self._write(words)
            self._clock.call_at(self._start + due * GAP_SECONDS, self)
        else:
            self._write(words + _TAIL)

    def _write(self, data: bytes) -> None:
        """Straight to the socket, which has room for it unless its reader sleeps."""
        written = 0
        if not self._transport.get_write_buffer_size():
            with suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                written = os.write(self._fileno, data)
        if written < len(data):
            self._transport.write(data[written:])


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    clock = _Clock(loop)
    server = await loop.create_server(lambda: _Connection(clock), "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


if __name__ == "__main__":
    gc.disable()
    uvloop.run(_serve(int(sys.argv[1])))
