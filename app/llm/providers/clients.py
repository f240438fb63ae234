"""HTTP clients for model servers, lent one per stream.

One client shared by many open streams is quadratic in their number (PERFORMANCE.md), so each stream has its own, taken
from a free list; what is dear to make, the TLS context, is shared by all.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from app.llm.providers.transport import OPEN, Access, KeptTransport

_KEPT_SECONDS = 60.0


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


@dataclass(frozen=True, slots=True, eq=False)
class _Lent:
    """A client and its wire, which adds the key of whoever borrows it."""

    http: httpx2.Client
    wire: KeptTransport


def _new_client() -> _Lent:
    """No redirect, so that a key stays at its host; no cookie, since several keys may share a client; no proxy from outside."""
    cookies, wire = CookieJar(DefaultCookiePolicy(allowed_domains=[])), KeptTransport(_tls())
    return _Lent(httpx2.Client(transport=wire, cookies=cookies, follow_redirects=False, trust_env=False), wire)


class ClientPool:
    """Idle clients by endpoint, the last used first; those idle for a minute are closed. Safe for threads and greenlets."""

    def __init__(self) -> None:
        self._idle: deque[tuple[str, float, _Lent]] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self, endpoint: str, access: Access = OPEN) -> Iterator[httpx2.Client]:
        """A client for one stream, which goes in by `access`. It goes back to the list only if the stream came to its end."""
        client = self._take(endpoint)
        client.wire.access = access
        try:
            yield client.http
        except BaseException:
            client.http.close()
            raise
        client.wire.access = OPEN
        self._give_back(endpoint, client)

    def close(self) -> None:
        """Close the idle clients."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for _, _, client in idle:
            client.http.close()

    def _take(self, endpoint: str) -> _Lent:
        with self._lock:
            entry = next((entry for entry in reversed(self._idle) if entry[0] == endpoint), None)
            if entry:
                self._idle.remove(entry)
        return entry[2] if entry else _new_client()

    def _give_back(self, endpoint: str, client: _Lent) -> None:
        now = time.monotonic()
        stale = []
        with self._lock:
            self._idle.append((endpoint, now, client))
            while self._idle[0][1] < now - _KEPT_SECONDS:
                stale.append(self._idle.popleft()[2])
        for old in stale:
            old.http.close()


clients = ClientPool()
