"""The guarded HTTP client: the only way the product calls an address that somebody else chose, and the only user of `requests`.

A name is resolved once, every address it gives is checked, and the socket is opened to those very addresses, so that neither
a redirect, nor a name that changes its mind (DNS rebinding), nor a disguised address reaches the inside (LESSONS.md, SSRF line).
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Literal, cast

import requests
from flask import current_app
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError, ReadTimeoutError, SSLError
from urllib3.util.connection import create_connection

from app.core import addresses
from app.core.addresses import Network
from app.core.urls import BlockedAddressError, ParsedUrl, read_url
from app.extensions import settings

FailureKind = Literal["dns", "connect", "tls", "timeout", "too_large", "protocol"]
Resolver = Callable[[str, int], list[str]]

EXCERPT_BYTES = 4096
USER_AGENT = "AI-Manager"
_IDLE_SECONDS = 4.0  # shorter than the 5 s after which many servers hang up, so that a kept line is rarely a dead one
_IDLE_LINES = 32
_ADDRESSES_TRIED = 4
_MESSAGES: dict[FailureKind, str] = {
    "dns": "Le nom de domaine du destinataire est introuvable.",
    "connect": "La connexion au destinataire a échoué.",
    "tls": "La connexion chiffrée a échoué, ou le certificat du destinataire n’est pas valide.",
    "timeout": "Le destinataire n’a pas répondu à temps.",
    "too_large": "La réponse du destinataire est trop volumineuse.",
    "protocol": "Le destinataire a renvoyé une réponse illisible ou coupé la connexion.",
}


class HttpFailure(Exception):
    """The call was allowed and failed. `kind` is stable, `message_fr` may be shown and logged."""

    def __init__(self, kind: FailureKind) -> None:
        super().__init__(f"{kind}: {_MESSAGES[kind]}")
        self.kind = kind
        self.message_fr = _MESSAGES[kind]


@dataclass(frozen=True, slots=True)
class HttpResult:
    """What came back: header names in lower case, the body as read (not decompressed), the whole call in milliseconds."""

    status: int
    headers: dict[str, str]
    body: bytes
    duration_ms: int

    @property
    def body_excerpt(self) -> str:
        """The first 4 KB as text that PostgreSQL accepts, for a delivery log."""
        return self.body[:EXCERPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL and the checked addresses to which, and only to which, a connection for it may go."""

    url: ParsedUrl
    addresses: tuple[str, ...]

    @property
    def line(self) -> tuple[str, str, int, tuple[str, ...]]:
        """What two calls must have in common to share a connection."""
        return self.url.scheme, self.url.host, self.url.port, tuple(sorted(self.addresses))


def system_resolver(host: str, port: int) -> list[str]:
    """Every address of a name, in the system's order of preference. Raises OSError."""
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def outbound() -> GuardedClient:
    """The client of the running application: private addresses outside production, those of OUTBOUND_ALLOW in production."""
    client = current_app.extensions.get("outbound")
    if client is None:
        current = settings()
        client = current_app.extensions["outbound"] = GuardedClient(current.outbound_allow, not current.production)
    return cast(GuardedClient, client)


class GuardedClient:
    """Calls public addresses over https, and private ones (http too) where a setting allows them.

    `allow` lists private networks an operator opens (OUTBOUND_ALLOW); `allow_private` opens all of them (outside production).
    Link-local, multicast, reserved and cloud-metadata addresses stay closed whatever the settings. Safe for threads and greenlets.
    """

    def __init__(
        self,
        allow: tuple[Network, ...] = (),
        allow_private: bool = False,
        *,
        resolver: Resolver = system_resolver,
        ca_file: str | None = None,
    ) -> None:
        """`resolver` finds addresses (tests inject theirs); `ca_file` replaces the usual certificate authorities."""
        self._allow = allow
        self._allow_private = allow_private
        self._resolver = resolver
        self._ca_file = ca_file
        self._idle: list[_Line] = []
        self._lock = threading.Lock()

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> HttpResult:
        """POST bytes; the answer's body is cut at 4 KB. `timeout` in seconds bounds the whole call, name resolution included.

        A redirect is an answer like another (status 3xx), never followed. Raises BlockedAddressError, HttpFailure.
        """
        result, _ = self._call("POST", url, body, headers, timeout, EXCERPT_BYTES)
        return result

    def get(self, url: str, max_bytes: int, timeout: float) -> HttpResult:
        """GET at most `max_bytes` within `timeout` seconds in all. Raises BlockedAddressError, HttpFailure (`too_large` beyond)."""
        result, whole = self._call("GET", url, None, {}, timeout, max_bytes)
        if not whole:
            raise HttpFailure("too_large")
        return result

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, max_bytes: int, timeout: float
    ) -> HttpResult:
        """One exchange of an API, its whole answer of at most `max_bytes`. Raises BlockedAddressError, HttpFailure (`too_large` beyond)."""
        result, whole = self._call(method, url, body, headers, timeout, max_bytes)
        if not whole:
            raise HttpFailure("too_large")
        return result

    def resolve(self, url: str, timeout: float = 5.0) -> Target:
        """Check a URL and every address of its host, without connecting: what a form does before keeping a receiver.

        Raises BlockedAddressError, HttpFailure (`dns`, `timeout`).
        """
        parsed = read_url(url)
        try:
            texts = [str(addresses.parse(parsed.host))]
        except ValueError:
            texts = self._lookup(parsed.host, parsed.port, timeout)
        try:
            found = [addresses.parse(text) for text in texts]
        except ValueError:
            raise HttpFailure("dns") from None
        if not found:
            raise HttpFailure("dns")
        if not all(addresses.is_allowed(address, self._allow, self._allow_private) for address in found):
            raise BlockedAddressError("Cette adresse n’est pas joignable depuis la plateforme, qui n’appelle que des adresses publiques.")
        inside = self._allow_private or all(addresses.kind(address) == "private" for address in found)
        if parsed.scheme == "http" and not inside:
            raise BlockedAddressError("Une adresse en https est obligatoire.")
        return Target(parsed, tuple(str(address) for address in found))

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            lines, self._idle = self._idle, []
        for line in lines:
            line.close()

    def _call(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout: float, limit: int
    ) -> tuple[HttpResult, bool]:
        """One exchange; the second value is False when the body was cut at `limit` bytes."""
        started = time.monotonic()
        target = self.resolve(url, timeout)
        line = self._take(target)
        keep = False
        try:
            with line.deadline(started + timeout) as seconds_left:
                sent = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", **headers}
                with closing(
                    line.session.request(
                        method, target.url.text, data=body, headers=sent, timeout=seconds_left, allow_redirects=False, stream=True
                    )
                ) as response:
                    content, whole = _read(response, limit)
            keep = whole and _persistent(response)
            received = {name.lower(): value for name, value in response.headers.items()}
            return HttpResult(response.status_code, received, content, round((time.monotonic() - started) * 1000)), whole
        finally:
            if keep:
                self._give_back(line)
            else:
                line.close()

    def _lookup(self, host: str, port: int, seconds: float) -> list[str]:
        """Resolve in a thread of its own: the system's resolver knows no deadline."""
        answer: list[list[str]] = []

        def ask() -> None:
            try:
                answer.append(self._resolver(host, port))
            except (OSError, UnicodeError):
                answer.append([])

        asking = threading.Thread(target=ask, name="guarded-dns", daemon=True)
        asking.start()
        asking.join(seconds)
        if not answer:
            raise HttpFailure("timeout")
        return answer[0]

    def _take(self, target: Target) -> _Line:
        with self._lock:
            line = next((line for line in reversed(self._idle) if line.key == target.line and line.is_fresh()), None)
            if line:
                self._idle.remove(line)
        return line or _Line(target, self._ca_file)

    def _give_back(self, line: _Line) -> None:
        line.idle_since = time.monotonic()
        with self._lock:
            kept = [other for other in self._idle if other.is_fresh()][1 - _IDLE_LINES :]
            dropped = [other for other in self._idle if other not in kept]
            self._idle = [*kept, line]
        for other in dropped:
            other.close()


class _Session(requests.Session):
    """A session that keeps no cookie, reads no environment (proxies, .netrc), and knows no redirect.

    `requests` reads the whole body of a redirect even when told not to follow it: saying that there is none prevents that.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class _Line:
    """One keep-alive connection to one (scheme, host, port, addresses), used by one call at a time."""

    def __init__(self, target: Target, ca_file: str | None) -> None:
        self.key = target.line
        self.idle_since = 0.0
        self._target = target
        self._until = 0.0
        self._watched: socket.socket | None = None
        self.session = _Session()
        self.session.verify = ca_file or True
        self.session.mount(f"{target.url.scheme}://", _PinnedAdapter(self))

    def is_fresh(self) -> bool:
        return time.monotonic() - self.idle_since < _IDLE_SECONDS

    @contextmanager
    def deadline(self, until: float) -> Iterator[float]:
        """Bound all that happens inside, slow drips included; gives the seconds left. Translates every failure into HttpFailure."""
        self._until = until
        left = until - time.monotonic()
        if left <= 0:
            raise HttpFailure("timeout")
        lock = threading.Lock()
        state = {"over": False, "cut": False}

        def cut() -> None:
            with lock:
                if not state["over"]:
                    state["cut"] = True
                    self._hang_up()

        timer = threading.Timer(left, cut)
        timer.daemon = True
        timer.start()
        failure: FailureKind | None = None
        cause: Exception | None = None
        try:
            yield left
        except (requests.RequestException, HTTPError, OSError) as error:
            failure, cause = _failure_kind(error), error
        finally:
            with lock:
                state["over"] = True
            timer.cancel()
        # A body without length ends like a normal one when the socket is shut: ask the watchdog, not the reader.
        if state["cut"]:
            raise HttpFailure("timeout") from cause
        if failure:
            raise HttpFailure(failure) from cause

    def open_socket(self, connection: HTTPConnection) -> socket.socket:
        """Connect to the first checked address that answers, in what is left of the deadline. Raises urllib3's own errors."""
        tried = self._target.addresses[:_ADDRESSES_TRIED]
        last: HTTPError = ConnectTimeoutError("no time left")
        for index, address in enumerate(tried):
            left = self._until - time.monotonic()
            if left <= 0:
                break
            try:
                opened = create_connection(
                    (address, self._target.url.port), left / (len(tried) - index), socket_options=connection.socket_options
                )
            except TimeoutError:
                last = ConnectTimeoutError("connect timed out")
                continue
            except OSError as error:
                last = NewConnectionError(connection, str(error))
                continue
            self._watch(opened)
            opened.settimeout(max(0.001, self._until - time.monotonic()))
            return opened
        raise last

    def close(self) -> None:
        self._watch(None)
        self.session.close()

    def _watch(self, opened: socket.socket | None) -> None:
        """Keep a second handle on the open connection: TLS takes the first one over, and reuse of its number would be a trap."""
        if self._watched:
            self._watched.close()
        self._watched = opened.dup() if opened else None

    def _hang_up(self) -> None:
        """Wake whoever waits on the connection: `shutdown` reaches it through any handle."""
        watched = self._watched
        if watched:
            with suppress(OSError):  # already closed by the other side
                watched.shutdown(socket.SHUT_RDWR)


class _PinnedAdapter(HTTPAdapter):
    """Lets `requests` see the host's name (Host header, TLS name) while the socket goes to the checked addresses."""

    def __init__(self, line: _Line) -> None:
        self._classes = {"http": _pinned(HTTPConnection, line), "https": _pinned(HTTPSConnection, line)}
        super().__init__(pool_connections=1, pool_maxsize=1)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self._classes[str(pool.scheme)]
        return pool


def _pinned(base: type[HTTPConnection], line: _Line) -> type[HTTPConnection]:
    class Pinned(base):  # type: ignore[misc, valid-type]
        def _new_conn(self) -> socket.socket:
            return line.open_socket(self)

    return Pinned


def _read(response: requests.Response, limit: int) -> tuple[bytes, bool]:
    """At most `limit` bytes as sent (a compressed body stays so: no decompression bomb), and whether that is all of it."""
    content = bytearray()
    for chunk in response.raw.stream(4096, decode_content=False):
        content += chunk
        if len(content) > limit:
            return bytes(content[:limit]), False
    return bytes(content), True


def _persistent(response: requests.Response) -> bool:
    """True when the server keeps the connection open after this answer."""
    headers = response.headers
    framed = "Content-Length" in headers or "chunked" in headers.get("Transfer-Encoding", "").lower() or response.status_code in (204, 304)
    return framed and response.raw.version == 11 and "close" not in headers.get("Connection", "").lower()


def _failure_kind(error: Exception) -> FailureKind:
    """Find the cause behind the layers of `requests` and urllib3."""
    if isinstance(error, requests.RequestException) and error.args and isinstance(error.args[0], Exception):
        error = error.args[0]
    if isinstance(error, MaxRetryError) and error.reason:
        error = error.reason
    if isinstance(error, NewConnectionError):
        return "connect"
    if isinstance(error, (ConnectTimeoutError, ReadTimeoutError, TimeoutError)):
        return "timeout"
    return "tls" if isinstance(error, SSLError) else "protocol"
