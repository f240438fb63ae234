"""What the domain name system says of a name: its addresses, the names it stands for, its texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from flask import current_app

if TYPE_CHECKING:
    import dns.resolver

SECONDS = 4.0


class DnsUnreachableError(Exception):
    """No name server answered in time: nothing is known, nothing is refuted."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a name leads: its addresses, and the names met on the way (CNAME), lower case, without a final dot."""

    addresses: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()


class Names(Protocol):
    """Who is asked: the system's name servers, or a test's table."""

    def lookup(self, host: str) -> Found:
        """Addresses and aliases; nothing found is an empty answer. Raises DnsUnreachableError."""

    def texts(self, host: str) -> list[str]:
        """Its TXT records. Raises DnsUnreachableError."""


class NameServers:
    """The name servers of this machine's configuration, or those that `make` configures."""

    def __init__(self, make: Callable[[], dns.resolver.Resolver] | None = None) -> None:
        self._make = make

    def lookup(self, host: str) -> Found:
        addresses: set[str] = set()
        aliases: set[str] = set()
        for kind in ("A", "AAAA"):
            answer = self._ask(host, kind)
            if answer is not None:
                addresses.update(record.to_text() for record in answer.rrset or ())
                aliases.update(_plain(str(record.target)) for chain in answer.chaining_result.cnames for record in chain)
        return Found(frozenset(addresses), frozenset(aliases))

    def texts(self, host: str) -> list[str]:
        answer = self._ask(host, "TXT")
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer.rrset or ()] if answer is not None else []

    def _ask(self, host: str, kind: str) -> dns.resolver.Answer | None:
        import dns.exception  # weighs on every process; few of them ask
        import dns.resolver

        try:
            resolver = (self._make or dns.resolver.Resolver)()
            resolver.lifetime = SECONDS
            return resolver.resolve(f"{host}.", kind, raise_on_no_answer=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.YXDOMAIN):
            return None
        except dns.exception.DNSException as error:
            raise DnsUnreachableError from error


def name_servers() -> Names:
    """Those of the running application."""
    return cast(Names, current_app.extensions.setdefault("names", NameServers()))


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
