"""Which pages may show an agent: the written table of PRODUCT.md's ruling (Domain control in an iframe) and of LESSONS.md."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.deployments.origins import origin_allowed, parse_origin


@dataclass(frozen=True)
class Row:
    host: str
    is_wildcard: bool = False
    port: int | None = None
    environment: str = "production"


EXACT = Row("app.ebp.com")
WILD = Row("ebp.com", is_wildcard=True)
PORT = Row("app.ebp.com", port=8443)
LOCAL = Row("localhost", environment="localhost")
LOCAL_PORT = Row("localhost", port=3000, environment="localhost")

TABLE = [
    ("https://app.ebp.com", EXACT, True),
    ("https://APP.ebp.COM", EXACT, True),
    ("https://app.ebp.com.", EXACT, True),
    ("https://app.ebp.com:443", EXACT, True),
    ("http://app.ebp.com", EXACT, False),
    ("https://app.ebp.com:8443", EXACT, False),
    ("https://ebp.com", EXACT, False),
    ("https://sub.app.ebp.com", EXACT, False),
    ("https://app.ebp.com.evil.com", EXACT, False),
    ("https://evil-app.ebp.com", EXACT, False),
    ("https://app.ebp.com@evil.com", EXACT, False),
    ("https://app.ebp.com/path", EXACT, False),
    ("https://app.ebp.com", WILD, True),
    ("https://a.b.c.ebp.com", WILD, True),
    ("https://ebp.com", WILD, False),
    ("https://evilebp.com", WILD, False),
    ("https://ebp.com.evil.com", WILD, False),
    ("https://.ebp.com", WILD, False),
    ("https://app.ebp.com:8443", PORT, True),
    ("https://app.ebp.com", PORT, False),
    ("http://localhost", LOCAL, True),
    ("http://localhost:5173", LOCAL, True),
    ("http://127.0.0.1:5173", LOCAL, True),
    ("http://[::1]:5173", LOCAL, True),
    ("https://localhost", LOCAL, True),
    ("http://localhost:3000", LOCAL_PORT, True),
    ("http://localhost:3001", LOCAL_PORT, False),
    ("http://localhost", EXACT, False),
    ("https://localhost.evil.com", LOCAL, False),
    ("null", EXACT, False),
    ("", EXACT, False),
    (None, EXACT, False),
    ("file://app.ebp.com", EXACT, False),
    ("chrome-extension://app.ebp.com", EXACT, False),
    ("https://app.ebp.com:notaport", EXACT, False),
    ("https://app.ebp.com:99999", EXACT, False),
    ("//app.ebp.com", EXACT, False),
    ("https://", EXACT, False),
    ("*", EXACT, False),
]


@pytest.mark.parametrize(("origin", "domain", "allowed"), TABLE)
def test_table(origin: str | None, domain: Row, allowed: bool) -> None:
    assert origin_allowed(parse_origin(origin), [domain]) is allowed


def test_international_names() -> None:
    assert origin_allowed(parse_origin("https://bâtiment.example"), [Row("xn--btiment-pwa.example")])


def test_nothing_is_allowed_without_a_domain() -> None:
    assert not origin_allowed(parse_origin("https://app.ebp.com"), [])


@given(st.text(max_size=80))
def test_any_header_is_read_without_an_error(header: str) -> None:
    origin_allowed(parse_origin(header), [EXACT, WILD, LOCAL])
