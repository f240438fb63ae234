"""The wire under the SDK: one kept connection, on the standard library's HTTP client.

httpx2's own wire (h11) takes some 30 µs for each chunk of a stream, and model servers send a chunk a token: a third of
what a reply costs us. `http.client` takes 4. Everything above (requests, authentication, errors) stays httpx2's.
"""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

KEPT_SECONDS = 4.0
"""Shorter than the 5 s after which many servers hang up, so that a kept line is rarely a dead one."""
REST_SECONDS = 0.075
"""Between two readings of a stream: no reader sees the difference, and a wake for each token would be most of what it costs."""
_CHUNK = 65536
_PROMPT_READINGS = 3
"""The headers, the role, the first word: these are read as they come."""


class KeptTransport(httpx2.BaseTransport):
    """Serves one request at a time. Takes `timeout` (`connect`, `read`, seconds) from the request; no proxy."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._line: http.client.HTTPConnection | None = None
        self._place: tuple[str, str, int | None] | None = None
        self._rested_at = 0.0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and return its answer, whose stream gives the body as it comes. Raises httpx2's errors."""
        with _named(request, httpx2.ReadTimeout, httpx2.ReadError):
            try:
                answer = self._ask(request, kept := self._alive(request.url))
            except ConnectionError:
                if not kept:
                    raise
                # Hung up in the very moment it was taken again: nothing was answered.
                answer = self._ask(request, kept=False)
        return httpx2.Response(answer.status, headers=answer.getheaders(), stream=_Body(self, request, answer), request=request)

    def close(self) -> None:
        """Hang up."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def rest(self) -> None:
        """The answer was read to its end: the line may serve again."""
        self._rested_at = time.monotonic()

    def _ask(self, request: httpx2.Request, kept: bool) -> http.client.HTTPResponse:
        limits = request.extensions.get("timeout", {})
        line = self._line if kept and self._line else self._open(request.url, limits.get("connect"))
        line.sock.settimeout(limits.get("read"))
        line.putrequest(request.method, request.url.raw_path.decode(), skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.raw:
            line.putheader(name.decode("ascii"), value)
        line.endheaders(request.read())
        return line.getresponse()

    def _open(self, url: httpx2.URL, timeout: float | None) -> http.client.HTTPConnection:
        self.close()
        if url.scheme == "https":
            line: http.client.HTTPConnection = http.client.HTTPSConnection(url.host, url.port, timeout=timeout, context=self._tls)
        else:
            line = http.client.HTTPConnection(url.host, url.port, timeout=timeout)
        with _named(None, httpx2.ConnectTimeout, httpx2.ConnectError):
            line.connect()
        line.response_class = _Answer
        self._line, self._place = line, _place(url)
        return line

    def _alive(self, url: httpx2.URL) -> bool:
        """A line at rest on which something is to be read was hung up, or says what nobody asked."""
        if self._line is None or self._line.sock is None or self._place != _place(url):
            return False
        return time.monotonic() - self._rested_at < KEPT_SECONDS and not select.select([self._line.sock], [], [], 0)[0]


def _place(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


class _Answer(http.client.HTTPResponse):
    """An answer whose readings are spaced, so that each takes in what came meanwhile."""

    def __init__(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = io.BufferedReader(_Spaced(self.fp.detach()), _CHUNK)


class _Spaced(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw, self._readings, self._read_at = raw, 0, 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        rest = self._read_at + REST_SECONDS - time.monotonic()
        if self._readings >= _PROMPT_READINGS and rest > 0:
            time.sleep(rest)
        count = self._raw.readinto(buffer)
        self._readings += 1
        self._read_at = time.monotonic()
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, transport: KeptTransport, request: httpx2.Request, answer: http.client.HTTPResponse) -> None:
        self._transport, self._request, self._answer = transport, request, answer

    def __iter__(self) -> Iterator[bytes]:
        with _named(self._request, httpx2.ReadTimeout, httpx2.ReadError):
            while data := self._answer.read1(_CHUNK):
                yield data
            if self._answer.length:
                raise http.client.IncompleteRead(b"", self._answer.length)

    def close(self) -> None:
        if self._answer.isclosed() and not self._answer.will_close:
            self._transport.rest()
        else:
            self._transport.close()


@contextmanager
def _named(request: httpx2.Request | None, late: type[httpx2.TimeoutException], broken: type[httpx2.TransportError]) -> Iterator[None]:
    """Say in httpx2's words what the standard library says in its own."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error), request=request) from error
    except http.client.HTTPException as error:
        raise httpx2.RemoteProtocolError(str(error) or type(error).__name__, request=request) from error
    except OSError as error:
        raise broken(str(error), request=request) from error
