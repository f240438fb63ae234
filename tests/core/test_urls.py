"""Which URLs and addresses are refused before anything is resolved or connected (LESSONS.md, SSRF line)."""

from __future__ import annotations

import pytest

from app.core import addresses
from app.core.http import GuardedClient
from app.core.urls import BlockedAddressError, read_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("93.184.215.14", "public"),
        ("2606:4700::1111", "public"),
        ("64:ff9b::5db8:d70e", "public"),
        ("127.0.0.1", "private"),
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "private"),
        ("::1", "private"),
        ("fd12::1", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::10.0.0.1", "private"),
        ("0.0.0.0", "never"),
        ("169.254.169.254", "never"),
        ("::ffff:169.254.169.254", "never"),
        ("::ffff:a9fe:a9fe", "never"),
        ("64:ff9b::a9fe:a9fe", "never"),
        ("64:ff9b:1::a9fe:a9fe", "never"),
        ("2002:a9fe:a9fe::", "never"),
        ("2001:0:a9fe:a9fe::", "never"),
        ("::169.254.169.254", "never"),
        ("::", "never"),
        ("fe80::1", "never"),
        ("fec0::1", "never"),
        ("ff02::1", "never"),
        ("224.0.0.1", "never"),
        ("240.0.0.1", "never"),
        ("255.255.255.255", "never"),
        ("192.0.0.8", "never"),
        ("198.18.0.1", "never"),
        ("203.0.113.7", "never"),
        ("168.63.129.16", "never"),
        ("fd00:ec2::254", "never"),
        ("2001:db8::1", "never"),
    ],
)
def test_addresses_are_sorted(text: str, expected: str) -> None:
    assert addresses.kind(addresses.parse(text)) == expected


@pytest.mark.parametrize(
    "url",
    [
        "ftp://93.184.215.14/",
        "file:///etc/passwd",
        "gopher://93.184.215.14/",
        "//93.184.215.14/",
        "93.184.215.14",
        "",
        "https://",
        "https:///path",
        "https://user@93.184.215.14/",
        "https://user:pass@93.184.215.14/",
        "https://@93.184.215.14/",
        "https://93.184.215.14 /",
        "https://93.184.215.14\\@127.0.0.1/",
        "https://93.184.215.14\r\nHost: x/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://256.0.0.1/",
        "https://1.2.3.4.5/",
        "https://[::1%25lo]/",
        "https://[v1.fe80]/",
        "https://exa mple.com/",
        "https://-bad.example/",
        "https://a..b/",
        "https://exam%70le.com/",
        "https://93.184.215.14:22/",
        "https://93.184.215.14:25/",
        "https://93.184.215.14:6379/",
        "https://93.184.215.14:5432/",
        "https://93.184.215.14:0/",
        "https://93.184.215.14:65536/",
        "https://93.184.215.14:x/",
        "https://exemple.fr/" + "a" * 3000,
    ],
)
def test_a_url_that_could_be_read_in_two_ways_is_refused(url: str) -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise AssertionError("a refused URL is not resolved")

    for private in (False, True):
        with pytest.raises(BlockedAddressError) as refused:
            GuardedClient(allow_private=private, resolver=resolver).post(url, b"{}", {}, 1)
        assert refused.value.message_fr


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Exemple.FR", "https://exemple.fr/"),
        ("https://exemple.fr.:443/a?b=%20#c", "https://exemple.fr/a?b=%20"),
        ("http://exemple.fr:8080?x=1", "http://exemple.fr:8080/?x=1"),
        ("https://société.fr/", "https://xn--socit-esab.fr/"),
        ("https://[2606:4700::1111]:8443/", "https://[2606:4700::1111]:8443/"),
        ("https://my_service.exemple.fr/", "https://my_service.exemple.fr/"),
        ("https://１２７。0.0.1/", "https://127.0.0.1/"),
    ],
)
def test_a_url_is_rebuilt_from_its_parts(url: str, expected: str) -> None:
    assert read_url(url).text == expected
