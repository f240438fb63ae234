"""Which network addresses the platform may call (LESSONS.md, SSRF line). Pure: no socket, no name resolution.

The lists are written out from the IANA special-purpose registries instead of `ipaddress.is_global`, whose answer
changes between Python releases (3.11 calls 6to4 and NAT64 addresses global whatever they embed).
"""

from __future__ import annotations

import ipaddress
from typing import Literal

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Kind = Literal["public", "private", "never"]


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# Loopback, private, shared (CGNAT), unique local: an operator may allow these.
_PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "::1/128", "fc00::/7")
# Nobody's receiver lives here, and cloud metadata services do: no setting opens these.
_NEVER = _networks(
    "0.0.0.0/8",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "100.100.100.200/32",  # metadata, Alibaba
    "168.63.129.16/32",  # host agent, Azure
    "fd00:ec2::254/128",  # metadata, AWS
    "fd20:ce::254/128",  # metadata, Google
    "2001::/23",  # Teredo, ORCHID and other protocol assignments
    "2001:db8::/32",
    "2002::/16",  # 6to4, withdrawn by RFC 7526: embeds any IPv4 address
    "3fff::/20",
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def parse(text: str) -> Address:
    """Read an address; an IPv4-mapped IPv6 one becomes the IPv4 address it stands for.

    Raises ValueError for anything else than the usual notations: decimal, octal, hexadecimal and short IPv4 forms, zone identifiers.
    """
    address = ipaddress.ip_address(text if "%" not in text else "")
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address


def household(text: str) -> str:
    """What counts as one caller: an IPv4 address, or the /64 that an IPv6 household has to itself. Anything else as it is."""
    try:
        address = parse(text)
    except ValueError:
        return text
    return str(ipaddress.ip_network(f"{address}/64", strict=False) if isinstance(address, ipaddress.IPv6Address) else address)


def kind(address: Address) -> Kind:
    """Sort an address: public, private (an operator may allow it) or never to be called."""
    address = _reached(address)
    if any(address in network for network in _NEVER):
        return "never"
    if any(address in network for network in _PRIVATE):
        return "private"
    return "public" if isinstance(address, ipaddress.IPv4Address) or address in _GLOBAL_V6 else "never"


def is_allowed(address: Address, allow: tuple[Network, ...], allow_private: bool) -> bool:
    """True when the platform may connect to it: public, or private and allowed by a setting (CONTRACT.md, OUTBOUND_ALLOW)."""
    sort = kind(address)
    return sort == "public" or (sort == "private" and (allow_private or any(_reached(address) in network for network in allow)))


def _reached(address: Address) -> Address:
    """The address finally reached: a NAT64 address (RFC 6052) leads to the IPv4 address in its last 32 bits."""
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
