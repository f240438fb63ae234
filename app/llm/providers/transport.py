"""The wire under the SDK: one kept connection, on the standard library's HTTP client.

httpx2's own wire (h11) takes some 30 µs for each chunk of a stream, and model servers send a chunk a token: a third of
what a reply costs us. `http.client` takes 4. Everything above (requests, authentication, errors) stays httpx2's.
"""

from __future__ import annotations

import http.client
import io
import re
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from urllib.parse import urlencode

import httpx2

from app.llm.providers.chunks import MAX_BYTES

KEPT_SECONDS = 4.0
"""Shorter than the 5 s after which many servers hang up, so that a kept line is rarely a dead one."""
REST_SECONDS, REST_PER_STREAM, MAX_REST_SECONDS = 0.1, 0.003, 0.3
"""Between two readings of a stream, longer when many are open: words come by the handful, and a wake for each would be most of what a reply costs."""
_CHUNK = 65536
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r\n")
_LONGEST_SIZE = 4096
"""Of the line that says how long a chunk is, in bytes."""
_ADDRESSES_TRIED = 4
_Place = tuple[str, str, int | None, tuple[str, ...]]
_PROMPT_READINGS = 3
"""The headers, the role, the first word: these are read as they come."""


@dataclass(frozen=True, slots=True)
class Access:
    """What the wire adds by itself, so that no request, no address and no error above it ever holds a key.

    `headers` replace those of the request, which authenticates nobody by itself; `query` (name and value) follows its path. `addresses` are the only ones to connect to,
    when there are any: those that were checked for the host. `seconds` bounds each exchange, drips included.
    """

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    query: tuple[str, str] | None = field(default=None, repr=False)
    addresses: tuple[str, ...] = ()
    seconds: float | None = None


OPEN = Access()


class KeptTransport(httpx2.BaseTransport):
    """Serves one request at a time, as `access` says. Takes `timeout` (`connect`, `read`, seconds) from the request; no proxy."""

    access = OPEN

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._line: http.client.HTTPConnection | None = None
        self._place: _Place | None = None
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
        # Nothing compressed was asked for: what comes so is no JSON, and no bomb either.
        headers = [pair for pair in answer.getheaders() if pair[0].lower() != "content-encoding"]
        return httpx2.Response(answer.status, headers=headers, stream=_Body(self, request, answer), request=request)

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
        access, path = self.access, request.url.raw_path.decode()
        if access.query:
            path += ("&" if "?" in path else "?") + urlencode([access.query])
        line.response_class = _Answer if access.seconds is None else partial(_Answer, until=time.monotonic() + access.seconds)  # type: ignore[assignment]
        line.putrequest(request.method, path, skip_host=True, skip_accept_encoding=True)
        replaced = {"authorization", *(name.lower() for name, _ in access.headers)}
        for name, value in request.headers.raw:
            if name.decode("ascii").lower() not in replaced:
                line.putheader(name.decode("ascii"), value)
        for header, told in access.headers:
            line.putheader(header, told.encode("ascii"))
        line.endheaders(request.read())
        return line.getresponse()

    def _open(self, url: httpx2.URL, timeout: float | None) -> http.client.HTTPConnection:
        self.close()
        if url.scheme == "https":
            line: http.client.HTTPConnection = http.client.HTTPSConnection(url.host, url.port, timeout=timeout, context=self._tls)
        else:
            line = http.client.HTTPConnection(url.host, url.port, timeout=timeout)
        # The host's name stays in the request and in the certificate that is expected.
        line._create_connection = partial(_connect, self.access.addresses)  # type: ignore[attr-defined]
        with _named(None, httpx2.ConnectTimeout, httpx2.ConnectError):
            line.connect()
        self._line, self._place = line, self._placed(url)
        return line

    def _alive(self, url: httpx2.URL) -> bool:
        """A line at rest on which something is to be read was hung up, or says what nobody asked."""
        if self._line is None or self._line.sock is None or self._place != self._placed(url):
            return False
        return time.monotonic() - self._rested_at < KEPT_SECONDS and not select.select([self._line.sock], [], [], 0)[0]

    def _placed(self, url: httpx2.URL) -> _Place:
        return url.scheme, url.host, url.port, tuple(sorted(self.access.addresses))


def _connect(addresses: tuple[str, ...], place: tuple[str, int], timeout: float | None, _source: object) -> socket.socket:
    """A connection to the first of the checked addresses that answers, whatever the name says meanwhile; without any, to where the name leads."""
    failure: OSError = OSError("no address")
    tried = addresses[:_ADDRESSES_TRIED] or (place[0],)
    for address in tried:
        try:
            return _dial((address, place[1]), timeout and timeout / len(tried))
        except OSError as error:
            failure = error
    raise failure


def _dial(place: tuple[str, int], timeout: float | None) -> socket.socket:
    """As `socket.create_connection`, which asks the resolver, in a thread, what an address means."""
    try:
        family = socket.AF_INET6 if ip_address(place[0]).version == 6 else socket.AF_INET
    except ValueError:
        return socket.create_connection(place, timeout)
    line = socket.socket(family, socket.SOCK_STREAM)
    try:
        line.settimeout(timeout)
        line.connect(place)
    except BaseException:
        line.close()
        raise
    return line


class _Answer(http.client.HTTPResponse):
    """An answer whose readings are spaced, so that each takes in what came meanwhile."""

    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None, *, until: float | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        spaced = _Spaced(self.fp.detach())
        spaced.until = until
        self.fp = io.BufferedReader(spaced, _CHUNK)


class _Spaced(io.RawIOBase):
    _open = 0
    until: float | None = None

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw, self._readings, self._read_at = raw, 0, 0.0
        _Spaced._open += 1

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        rest = self._read_at + min(REST_SECONDS + _Spaced._open * REST_PER_STREAM, MAX_REST_SECONDS) - time.monotonic()
        if self._readings >= _PROMPT_READINGS and rest > 0:
            time.sleep(rest)
        if self.until is not None and time.monotonic() > self.until:
            raise TimeoutError("too long")
        count = self._raw.readinto(buffer)
        self._readings += 1
        self._read_at = time.monotonic()
        return count

    def close(self) -> None:
        if not self.closed:
            _Spaced._open -= 1
        self._raw.close()
        super().close()


def _dechunked(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body of a chunked answer, pieces that came together in one: `http.client` gives them one by one, and servers send one a token."""
    held, over = b"", False
    while not over:
        came = answer.fp.read1(_CHUNK)
        if not came:
            raise http.client.IncompleteRead(held)
        pieces, held, over = _pieces(held + came)
        if pieces:
            yield b"".join(pieces)
    answer.close()


def _pieces(held: bytes) -> tuple[list[bytes], bytes, bool]:
    """The complete chunks in these bytes, the bytes of the next one, and whether the last one was there."""
    pieces, at = [], 0
    while begin := _SIZE.match(held, at):
        size, start = int(begin[1], 16), begin.end()
        if size == 0:
            ended = held.startswith(b"\r\n", start) or held.find(b"\r\n\r\n", start) >= 0
            return pieces, held[at:], ended
        if len(held) < start + size + 2:
            break
        if not held.startswith(b"\r\n", start + size):
            raise http.client.HTTPException("not a chunk")
        pieces.append(held[start : start + size])
        at = start + size + 2
    rest = held[at:]
    if len(rest) > MAX_BYTES or (len(rest) > _LONGEST_SIZE and not begin):
        raise http.client.HTTPException("too large")
    return pieces, rest, False


class _Body(httpx2.SyncByteStream):
    def __init__(self, transport: KeptTransport, request: httpx2.Request, answer: http.client.HTTPResponse) -> None:
        self._transport, self._request, self._answer = transport, request, answer

    def __iter__(self) -> Iterator[bytes]:
        with _named(self._request, httpx2.ReadTimeout, httpx2.ReadError):
            left = MAX_BYTES
            for data in _dechunked(self._answer) if self._answer.chunked else iter(partial(self._answer.read1, _CHUNK), b""):
                left -= len(data)
                if left < 0:
                    raise http.client.HTTPException("too large")
                yield data
            if self._answer.length:
                raise http.client.IncompleteRead(b"", self._answer.length)

    def close(self) -> None:
        if self._answer.isclosed() and not self._answer.will_close:
            self._transport.rest()
        else:
            self._answer.close()  # the line of an answer without an end is the answer's own
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
