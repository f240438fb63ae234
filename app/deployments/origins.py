"""Which web pages may show an agent (PRODUCT.md, Domain control in an iframe; 003 §4, corrected). Deny by default.

One list of domains is read twice: `origin_allowed` for the `Origin` of a call to `init`, `csp_sources` for the
`frame-ancestors` of the embed page. tests/deployments/test_origins_table.py writes out what both say of each case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import idna

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_PORTS = {"https": 443, "http": 80}
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[^\x00-\x20\x7f/?#@\\:\[\]]+)(?::(\d{1,5}))?", re.IGNORECASE)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# CSP knows one IP address by its specification, 127.0.0.1, and has no notation for IPv6.
_LOCAL_SOURCES = ("localhost", "127.0.0.1")


class Domain(Protocol):
    """A row of `allowed_domains`, or of a door that looks for one."""

    host: str
    port: int | None
    is_wildcard: bool
    environment: str


@dataclass(frozen=True, slots=True)
class Origin:
    """A parsed `Origin` header: scheme, lower-case ASCII host without its trailing dot, port."""

    scheme: str
    host: str
    port: int

    @property
    def text(self) -> str:
        """The origin as a browser writes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}")


def parse_origin(header: str | None) -> Origin | None:
    """Read an `Origin` header. None when missing, `null`, malformed or of another scheme: then nothing is allowed."""
    found = _ORIGIN.fullmatch(header) if header and len(header) <= 300 else None
    if found is None:
        return None
    scheme, name, number = found.group(1).lower(), found.group(2), found.group(3)
    host = name[1:-1].lower() if name.startswith("[") else ascii_host(name)
    port = int(number) if number else DEFAULT_PORTS[scheme]
    return Origin(scheme, host, port) if host and 0 < port < 65536 else None


def ascii_host(name: str) -> str | None:
    """A host name as the internet writes it: ASCII (`xn--…`), lower case, without its trailing dot. None when it is no host name."""
    host = name.removesuffix(".").lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            return None
    return host if len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.split(".")) else None


def origin_allowed(origin: Origin | None, domains: Iterable[Domain]) -> bool:
    """True when one of the domains admits the origin.

    `*.example.com` admits any depth below it, never `evilexample.com` nor `example.com` itself. `http` passes for
    localhost only. A port given by the domain must match; without one, only the scheme's default port passes, except on
    localhost, where any does.
    """
    return origin is not None and any(_admits(domain, origin) for domain in domains)


def _admits(domain: Domain, origin: Origin) -> bool:
    local = origin.host in LOCAL_HOSTS
    if local != (domain.environment == "localhost"):
        return False
    if origin.scheme == "http" and not local:
        return False
    if domain.port is not None and domain.port != origin.port:
        return False
    if domain.port is None and not local and origin.port != DEFAULT_PORTS[origin.scheme]:
        return False
    if domain.is_wildcard:
        return origin.host.endswith("." + domain.host)
    return origin.host == domain.host or (local and domain.host in LOCAL_HOSTS)


def csp_sources(domains: Iterable[Domain]) -> list[str]:
    """The same list as the source expressions of `frame-ancestors`, sorted; empty: nobody, `'none'`.

    A row that could end the directive or name more than a host is left out, whatever wrote it.
    """
    return sorted({source for domain in domains for source in _sources(domain)})


def _sources(domain: Domain) -> list[str]:
    if domain.environment == "localhost":
        port = "*" if domain.port is None else domain.port
        local = domain.host in LOCAL_HOSTS and not domain.is_wildcard
        return [f"{scheme}://{host}:{port}" for host in _LOCAL_SOURCES for scheme in DEFAULT_PORTS] if local else []
    if domain.host in LOCAL_HOSTS or ascii_host(domain.host) != domain.host:
        return []
    return [f"https://{'*.' if domain.is_wildcard else ''}{domain.host}" + (f":{domain.port}" if domain.port else "")]
