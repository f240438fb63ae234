"""Names asked of a name server: a small one of our own, over UDP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from app.core import dns as names
from app.core.dns import DnsUnreachableError, Found, NameServers

ZONE = {
    ("chat.ebp.com.", "A"): [("chat.ebp.com.", "CNAME", "ebp.cdn.net."), ("ebp.cdn.net.", "CNAME", "IA.plateforme.fr."), ("IA.plateforme.fr.", "A", "192.0.2.1")],
    ("chat.ebp.com.", "AAAA"): [("chat.ebp.com.", "CNAME", "ebp.cdn.net."), ("ebp.cdn.net.", "CNAME", "IA.plateforme.fr."), ("IA.plateforme.fr.", "AAAA", "2001:db8::1")],
    ("plain.fr.", "A"): [("plain.fr.", "A", "192.0.2.2")],
    ("plain.fr.", "AAAA"): [],
    ("_ai-manager.plain.fr.", "TXT"): [("_ai-manager.plain.fr.", "TXT", '"v=autre"'), ("_ai-manager.plain.fr.", "TXT", '"ai-manager=" "abc"')],
}  # fmt: skip


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServers]:
    monkeypatch.setattr(names, "SECONDS", 0.6)
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            data, sender = line.recvfrom(4096)
            if data == b"stop":
                return
            asked = dns.message.from_wire(data)
            question = asked.question[0]
            if question.name.to_text() == "silent.fr.":
                continue
            answer = dns.message.make_response(asked)
            found = ZONE.get((question.name.to_text(), question.rdtype.name))
            if found is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            for owner, kind, value in found or ():
                answer.answer.append(dns.rrset.from_text(owner, 60, "IN", kind, value))
            line.sendto(answer.to_wire(), sender)

    def make() -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], line.getsockname()[1]
        return resolver

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    yield NameServers(make)
    line.sendto(b"stop", line.getsockname())
    server.join(5)
    line.close()


def test_addresses_and_the_names_on_the_way(servers: NameServers) -> None:
    assert servers.lookup("chat.ebp.com") == Found(frozenset({"192.0.2.1", "2001:db8::1"}), frozenset({"ebp.cdn.net", "ia.plateforme.fr"}))
    assert servers.lookup("plain.fr") == Found(frozenset({"192.0.2.2"}))
    assert servers.lookup("nulle-part.fr") == Found()


def test_texts_cut_in_pieces_are_joined(servers: NameServers) -> None:
    assert sorted(servers.texts("_ai-manager.plain.fr")) == ["ai-manager=abc", "v=autre"]
    assert servers.texts("nulle-part.fr") == []


def test_silence_is_no_answer(servers: NameServers) -> None:
    with pytest.raises(DnsUnreachableError):
        servers.lookup("silent.fr")
