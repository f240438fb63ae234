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
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from app.llm.providers.transport import KeptTransport

_KEPT_SECONDS = 60.0


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _new_client() -> httpx2.Client:
    """No redirect, so that a key stays at its host; no cookie, since several keys may share a client; no proxy from outside."""
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx2.Client(transport=KeptTransport(_tls()), cookies=cookies, follow_redirects=False, trust_env=False)


class ClientPool:
    """Idle clients by endpoint, the last used first; those idle for a minute are closed. Safe for threads and greenlets."""

    def __init__(self) -> None:
        self._idle: deque[tuple[str, float, httpx2.Client]] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self, endpoint: str) -> Iterator[httpx2.Client]:
        """A client for one stream. It goes back to the list only if the stream came to its end."""
        client = self._take(endpoint)
        try:
            yield client
        except BaseException:
            client.close()
            raise
        self._give_back(endpoint, client)

    def close(self) -> None:
        """Close the idle clients."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for _, _, client in idle:
            client.close()

    def _take(self, endpoint: str) -> httpx2.Client:
        with self._lock:
            entry = next((entry for entry in reversed(self._idle) if entry[0] == endpoint), None)
            if entry:
                self._idle.remove(entry)
        return entry[2] if entry else _new_client()

    def _give_back(self, endpoint: str, client: httpx2.Client) -> None:
        now = time.monotonic()
        stale = []
        with self._lock:
            self._idle.append((endpoint, now, client))
            while self._idle[0][1] < now - _KEPT_SECONDS:
                stale.append(self._idle.popleft()[2])
        for old in stale:
            old.close()


clients = ClientPool()
